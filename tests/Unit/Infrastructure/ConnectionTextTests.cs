using System.Globalization;
using CsCheck;
using Gofer.Infrastructure.Postgres;
using Npgsql;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class ConnectionTextTests
{
    [Theory]
    [InlineData("postgres://gofer@db", "Host=db;Port=5432;Username=gofer")]
    [InlineData("postgresql://gofer:secret@db:6543/runs", "Host=db;Port=6543;Username=gofer;Password=secret;Database=runs")]
    [InlineData("postgres://a%40b:p%2Fq%3Ar%25@db/x%20y", "Host=db;Username=a@b;Password=p/q:r%;Database=x y")]
    [InlineData("postgres://u:p@ss@db/d", "Host=db;Username=u;Password=p@ss;Database=d")]
    [InlineData("postgres://u@[::1]:6000/d", "Host=::1;Port=6000;Username=u;Database=d")]
    [InlineData("postgres://u@[fe80::1]/d", "Host=fe80::1;Port=5432;Username=u;Database=d")]
    [InlineData("postgres://u@a,b:6000/d", "Host=\"a:5432,b:6000\";Username=u;Database=d")]
    [InlineData("postgres://u@[::1]:1,b/d?target_session_attrs=read-write", "Host=\"[::1]:1,b:5432\";Username=u;Database=d;Target Session Attributes=read-write")]
    [InlineData("postgres:///d", "Host=localhost;Database=d")]
    [InlineData("postgres:///d?host=/run/pg&port=7000&user=me", "Host=/run/pg;Port=7000;Database=d;Username=me")]
    [InlineData("postgres://%2Frun%2Fpg/d", "Host=/run/pg;Database=d")]
    [InlineData("postgres://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=7", "Host=h;Username=u;Database=d;SSL Mode=VerifyFull;Root Certificate=/ca.pem;Timeout=7")]
    [InlineData("postgres://u@h/d?application_name=gofer&options=-c%20jit%3Doff", "Host=h;Username=u;Database=d;Application Name=gofer;Options=-c jit=off")]
    [InlineData("postgres://u@h/d?Maximum%20Pool%20Size=7", "Host=h;Username=u;Database=d;Maximum Pool Size=7")]
    [InlineData(" Host=db;Username=u;Password=a=b;Database=d ", "Host=db;Username=u;Password=a=b;Database=d")]
    [InlineData("Server=db;User Id=u;Password='x://y'", "Host=db;Username=u;Password='x://y'")]
    public void Every_form_names_the_same_place_to_Npgsql(string text, string expected)
    {
        var parsed = ConnectionText.Parse(text);

        Assert.True(parsed.IsOk, parsed.Error?.Message);
        Assert.Equal(Members(expected), Members(parsed.Value));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("localhost", "neither a Postgres URL nor a connection string")]
    [InlineData("mysql://u:hunter2@h/d", "begins with postgres://")]
    [InlineData("host=localhost dbname=hunter2", "semicolons")]
    [InlineData("Username=u;Password=hunter2", "no Host")]
    [InlineData("Host=h;Hunter2=1", "does not understand")]
    [InlineData("Host=h;Port=hunter2", "does not understand")]
    [InlineData("postgres://u:hunter2/x@h/d", "%2F")]
    [InlineData("postgres://u:hunter2", "is not a number from 1 to 65535")]
    [InlineData("postgres://u@h:70000/d", "is not a number from 1 to 65535")]
    [InlineData("postgres://u:hunter2%zz@h/d", "begins no escape")]
    [InlineData("postgres://u@[hunter2]/d", "IPv6")]
    [InlineData("postgres://u@h/d?sslmode=hunter2", "'sslmode'")]
    [InlineData("postgres://u@h/d?hunter2=1", "neither libpq nor Npgsql knows")]
    [InlineData("postgres://u@a,b,c/d?port=1,2", "as many ports as hosts")]
    public void Anything_else_is_refused_with_a_sentence_that_repeats_no_secret(string text, string complaint)
    {
        var parsed = ConnectionText.Parse(text);

        Assert.Contains(complaint, parsed.Error?.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", parsed.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ConnectionText.Redacted(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u:hunter2@h:6000/d?sslmode=require&sslpassword=hunter2", "postgres://u@h:6000/d")]
    [InlineData("Host=h;Username=u;Password=hunter2;Database=d", "postgres://u@h:5432/d")]
    [InlineData("postgres://u:hunter2@a,[::1]:7/d", "postgres://u@a:5432,[::1]:7/d")]
    [InlineData("postgres://u:hunter2@[::1]/d", "postgres://u@[::1]:5432/d")]
    public void The_redacted_form_names_the_place_alone(string text, string expected) =>
        Assert.Equal(expected, ConnectionText.Redacted(text));

    [Fact]
    public void Any_escaped_password_arrives_as_it_was() =>
        Gen.String.Where(password => password.Length > 0 && !password.Contains('\0', StringComparison.Ordinal) && IsUnicode(password)).Sample(password =>
        {
            var parsed = ConnectionText.Parse($"postgres://u:{Uri.EscapeDataString(password)}@h/d");
            Assert.Equal(password, new NpgsqlConnectionStringBuilder(parsed.Value).Password);
        });

    [Fact]
    public void No_text_makes_the_reader_throw() => Gen.OneOf(
        Gen.String,
        Gen.String.Select(rest => $"postgres://{rest}"),
        Gen.String[Gen.Char["@:/?[]%,&=abc1;"], 0, 30].Select(rest => $"postgres://{rest}"),
        Gen.String[Gen.Char["@:/?[]%,&=abc1;' "], 0, 30].Select(rest => $"Host=h;{rest}")).Sample(text =>
        {
            var parsed = ConnectionText.Parse(text);
            Assert.True(parsed.IsOk || parsed.Error.Message.Length > 0);
            Assert.NotEmpty(ConnectionText.Redacted(text));
        });

    private static bool IsUnicode(string text) => !text.Any(char.IsSurrogate);

    private static SortedDictionary<string, string?> Members(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        var members = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var key in builder.Keys)
        {
            members[key] = builder[key]?.ToString();
        }

        members["Port"] = builder.Port.ToString(CultureInfo.InvariantCulture);
        return members;
    }
}
