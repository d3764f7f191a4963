using System.Net.Sockets;
using Gofer.Infrastructure.Postgres;
using Npgsql;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class DatabaseTroubleTests
{
    [Theory]
    [InlineData("57P03")] // it starts up
    [InlineData("57P01")] // it stops
    [InlineData("53300")] // it has no connection left
    [InlineData("08P01")] // a proxy found no server
    [InlineData("08006")]
    [InlineData("40001")] // a lost race: the next try may win it
    public void What_passes_by_itself_is_away(string state)
    {
        foreach (var e in new Exception[] { Said(state), new InvalidOperationException("EF Core wraps it", Said(state)) })
        {
            Assert.Equal((true, false, false), (DatabaseTrouble.IsAway(e), DatabaseTrouble.IsRefusal(e), DatabaseTrouble.IsLasting(e)));
        }
    }

    [Fact]
    public void So_is_a_server_that_cannot_be_reached()
    {
        Exception[] unreachable =
        [
            new NpgsqlException("Failed to connect to 127.0.0.1:1", new SocketException((int)SocketError.ConnectionRefused)),
            new SocketException((int)SocketError.HostNotFound), // how a name that is not known comes
            new TimeoutException(),
        ];
        Assert.All(unreachable, e => Assert.True(DatabaseTrouble.IsAway(e)));
    }

    [Theory]
    [InlineData("28P01")] // the password
    [InlineData("28000")] // the role
    [InlineData("3D000")] // the database
    public void What_somebody_has_to_mend_is_a_refusal_and_lasts(string state) => Assert.Equal(
        (false, true, true), (DatabaseTrouble.IsAway(Said(state)), DatabaseTrouble.IsRefusal(Said(state)), DatabaseTrouble.IsLasting(Said(state))));

    [Theory]
    [InlineData("42501")] // no right to the schema
    [InlineData("42P01")]
    [InlineData("57014")] // a cancelled statement
    public void Other_errors_of_the_database_last_and_are_no_refusal(string state) =>
        Assert.Equal((false, false, true), (DatabaseTrouble.IsAway(Said(state)), DatabaseTrouble.IsRefusal(Said(state)), DatabaseTrouble.IsLasting(Said(state))));

    [Fact]
    public void An_error_of_the_program_is_none_of_the_databases()
    {
        var e = new InvalidOperationException("a defect");
        Assert.Equal((false, false, false), (DatabaseTrouble.IsAway(e), DatabaseTrouble.IsRefusal(e), DatabaseTrouble.IsLasting(e)));
    }

    [Fact]
    public void The_reason_names_what_was_tried_and_what_came_of_it() => Assert.Equal(
        "Failed to connect to 127.0.0.1:1: Connection refused",
        DatabaseTrouble.Reason(new InvalidOperationException("wrapped", new NpgsqlException("Failed to connect to 127.0.0.1:1", new SocketException((int)SocketError.ConnectionRefused)))));

    private static PostgresException Said(string state) => new("a message", "FATAL", "FATAL", state);
}
