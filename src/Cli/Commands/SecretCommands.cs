using System.CommandLine;
using System.Globalization;
using System.Text;
using Gofer.Cli.Completion;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Secrets;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer secret</c>: values go in, by standard input or a prompt that shows nothing, and never come out.</summary>
internal static class SecretCommands
{
    public static Command Secret()
    {
        var noun = new Command("secret", "Secrets of pipelines, namespaces and the install. Their values go in and never come out.")
            .Example("gofer secret set token -p nightly < token.txt");
        noun.Subcommands.Add(Set());
        noun.Subcommands.Add(List());
        noun.Subcommands.Add(Get());
        noun.Subcommands.Add(Delete());
        noun.Subcommands.Add(NewKey());
        noun.Subcommands.Add(RotateKey());
        return noun;
    }

    private static Command Set()
    {
        var command = new Command("set", "Make a secret, or give it another value: from standard input, where one line break at its end is left away, or a prompt that shows nothing.")
            .Example("gofer secret set token -p nightly < token.txt");
        var place = new Place(command);
        var key = Key;
        command.Arguments.Add(key);
        var patterns = new Option<string[]>("--for")
        {
            Description = "Of a global secret: a namespace whose tasks may have it, or a pattern such as team-*. May be repeated.",
            HelpName = "NAMESPACE",
        };
        command.Options.Add(patterns);
        command.Validators.Add(result =>
        {
            if (result.GetValue(patterns) is { Length: > 0 } && !result.GetValue(place.Global)) result.AddError("--for says whose tasks may have a global secret: add --global.");
        });
        command.Run(async (context, token) =>
        {
            var name = context.Parsed.GetValue(key)!;
            var namespaces = context.Parsed.GetValue(patterns) is { Length: > 0 } given ? given : null;
            var value = await ReadAsync(context, name, token);
            if (!value.IsOk) return context.Fail(Error.Invalid("", $"The value {value.Error.Message} Nothing was set."));
            var (client, body) = (context.Client.Secrets, new SecretBody { Value = value.Value.Reveal() });
            var secret = place.Of(context) switch
            {
                { IsGlobal: true } => await client.PutGlobalSecretAsync(name, new GlobalSecretBody { Value = body.Value, Namespaces = namespaces }, token),
                { Pipeline: { } pipeline } => await client.PutPipelineSecretAsync(context.Namespace, pipeline, name, body, token),
                _ => await client.PutNamespaceSecretAsync(context.Namespace, name, body, token),
            };
            if (Encoding.UTF8.GetByteCount(body.Value) < MaskSet.Shortest)
            {
                context.Error.WriteLine($"Its value is shorter than {MaskSet.Shortest} bytes, so it is not masked in what tasks write: it would hide half of every log.");
            }

            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The secret '{name}' has version {secret.Version}. Tasks read it as {place.Of(context).Reference(name)}."));
            context.PrintAnswer(secret, s => s.Key);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List secrets, without their values.").Example("gofer secret list -p nightly");
        var place = new Place(command);
        var limit = NounCommands.Limit;
        command.Options.Add(limit);
        command.Run(async (context, token) =>
        {
            var client = context.Client.Secrets;
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = place.Of(context) switch
                {
                    { IsGlobal: true } => await client.ListGlobalSecretsAsync(most, cursor, token),
                    { Pipeline: { } pipeline } => await client.ListPipelineSecretsAsync(context.Namespace, pipeline, most, cursor, token),
                    _ => await client.ListNamespaceSecretsAsync(context.Namespace, most, cursor, token),
                };
                return (page.Items, page.NextCursor);
            });
            context.Print(items, s => s.Key, Columns(place.Of(context).IsGlobal));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Get()
    {
        var command = new Command("get", "Read what is known of a secret but its value.").Example("gofer secret get token -p nightly -o json");
        var place = new Place(command);
        var key = Key;
        command.Arguments.Add(key);
        command.Run(async (context, token) =>
        {
            var (client, name) = (context.Client.Secrets, context.Parsed.GetValue(key)!);
            var secret = place.Of(context) switch
            {
                { IsGlobal: true } => await client.GetGlobalSecretAsync(name, token),
                { Pipeline: { } pipeline } => await client.GetPipelineSecretAsync(context.Namespace, pipeline, name, token),
                _ => await client.GetNamespaceSecretAsync(context.Namespace, name, token),
            };
            context.PrintOne(secret, s => s.Key, Columns(place.Of(context).IsGlobal));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a secret.").Example("gofer secret delete token -p nightly --yes");
        var place = new Place(command);
        var (key, yes) = (Key, NounCommands.Yes);
        command.Arguments.Add(key);
        command.Options.Add(yes);
        command.Run(async (context, token) =>
        {
            var (client, name) = (context.Client.Secrets, context.Parsed.GetValue(key)!);
            if (NounCommands.Confirm(context, yes, $"the secret '{name}'") is { } refusal) return refusal;
            await (place.Of(context) switch
            {
                { IsGlobal: true } => client.DeleteGlobalSecretAsync(name, token),
                { Pipeline: { } pipeline } => client.DeletePipelineSecretAsync(context.Namespace, pipeline, name, token),
                _ => client.DeleteNamespaceSecretAsync(context.Namespace, name, token),
            });
            context.Error.WriteLine($"The secret '{name}' is deleted. Tasks that run keep it; one that starts later and names it fails.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command NewKey()
    {
        var command = new Command("new-key", "Print a new random key for secrets.keys, which secrets are sealed with at rest. Nothing is kept here.")
            .Example("gofer secret new-key 2026-q4 > secret.key");
        var name = new Argument<string?>("name") { Description = "The key's name; today's date where none is given.", DefaultValueFactory = _ => null }.Judged(Slug.Complaint);
        command.Arguments.Add(name);
        command.Run((context, _) =>
        {
            var key = KeyRing.Generate(context.Parsed.GetValue(name) ?? TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            if (context.IsTable) context.Out.WriteLine(key);
            context.PrintAnswer(new { Key = key }, k => k.Key);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command RotateKey()
    {
        var command = new Command("rotate-key", "Wrap all that is sealed with the first of secrets.keys. May be stopped and run again at any time, beside servers at work.")
            .Example("GOFER_SECRETS__KEYS=$NEW,$OLD gofer secret rotate-key");
        command.Takes(SettingTable.Postgres);
        var deletes = new Option<bool>("--delete-lost") { Description = "Delete what is sealed with keys that are not among secrets.keys: nobody can read it any more." };
        command.Options.Add(deletes);
        command.Run(async (context, token) =>
        {
            var (connection, keys) = (ServerCommands.Connection(context.Settings), ServerCommands.Keys(context.Settings));
            if (!connection.IsOk) return context.Fail(connection.Error);
            if (!keys.IsOk) return context.Fail(keys.Error);
            await using var services = new ServiceCollection().AddLogging().AddGoferPostgres(connection.Value).AddGoferSecrets(keys.Value, demandAll: false).BuildServiceProvider();
            try
            {
                var opened = await services.GetRequiredService<GoferDatabase>().OpenAsync(migrate: false, token);
                if (!opened.IsOk) return context.Fail(opened.Error);
                var rotation = services.GetRequiredService<KeyRotation>();
                if (context.Parsed.GetValue(deletes))
                {
                    var deleted = await rotation.DeleteLostAsync(token);
                    context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{deleted} deleted that were sealed with other keys."));
                }

                var rotated = await rotation.RunAsync(new Counter(context), token);
                foreach (var stuck in rotated.Stuck) context.Error.WriteLine($"gofer: {stuck}");
                context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rotated.Count} wrapped anew with the key '{keys.Value.Active}'."));
                if (rotated.Needed.Count == 0) context.Error.WriteLine("No other key is needed: take the others out of secrets.keys of every api and worker.");
                else context.Error.WriteLine($"Still needed: {string.Join(", ", rotated.Needed.Select(n => $"'{n}'"))}. A server that seals with another key wrote meanwhile, or something does not open; run it again once all have the new key first.");
                context.PrintAnswer(rotated, r => r.Count.ToString(CultureInfo.InvariantCulture));
                return rotated.Needed.Count == 0 ? ExitCode.Done : ExitCode.Failed;
            }
            catch (Exception e) when (ServerCommands.IsDatabase(e))
            {
                return context.Fail(ServerCommands.Away(connection.Value, e));
            }
        });
        return command;
    }

    private static Argument<string> Key => new Argument<string>("key") { Description = "The secret's key." }.Judged(Slug.Complaint);

    private static (string, Func<SecretView, string?>)[] Columns(bool isGlobal) =>
    [
        ("key", s => s.Key), ("version", s => s.Version.ToString(CultureInfo.InvariantCulture)), ("updated", s => Table.Time(s.UpdatedAt)), ("created", s => Table.Time(s.CreatedAt)),
        .. isGlobal ? [("for", (Func<SecretView, string?>)(s => string.Join(' ', s.Namespaces ?? [])))] : Array.Empty<(string, Func<SecretView, string?>)>(),
    ];

    /// <summary>The value as it was typed or came by standard input.</summary>
    private static async Task<Result<SecretText>> ReadAsync(CommandContext context, string key, CancellationToken cancellationToken)
    {
        if (!Console.IsInputRedirected) return SecretText.Of(Prompt(context, key));
        // What is longer than a secret may be is not read to its end.
        var bytes = new byte[SecretText.MaxBytes + 3];
        await using var input = Console.OpenStandardInput();
        var length = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        try
        {
            var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
            return SecretText.Of(text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text);
        }
        catch (DecoderFallbackException)
        {
            return length > SecretText.MaxBytes
                ? Error.Invalid("", $"is longer than {SecretText.MaxBytes} bytes, the most that is allowed.")
                : Error.Invalid("", "is not UTF-8. What is binary goes in as base64.");
        }
    }

    private static string Prompt(CommandContext context, string key)
    {
        _ = Console.KeyAvailable; // the terminal shows nothing from here on, also of what is pasted before the first key is read
        context.Error.Write($"Value of '{key}' (not shown): ");
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } pressed)
        {
            if (pressed.Key == ConsoleKey.Backspace) text.Length -= Math.Min(1, text.Length);
            else if (pressed.KeyChar != '\0') text.Append(pressed.KeyChar);
        }

        context.Error.WriteLine();
        return text.ToString();
    }

    /// <summary>Says how far a rotation is, for a person at a terminal.</summary>
    private sealed class Counter(CommandContext context) : IProgress<int>
    {
        public void Report(int value)
        {
            if (!Console.IsErrorRedirected) context.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{value} wrapped anew … "));
        }
    }

    /// <summary>The flags that say whose the secret is: the namespace's where none is given.</summary>
    private sealed class Place
    {
        private readonly Option<string?> _pipeline = new Option<string?>("--pipeline", "-p") { Description = "The pipeline whose secret it is; the namespace's where none is given." }
            .Suggests(Suggestions.Pipelines);

        public Place(Command command)
        {
            command.Options.Add(_pipeline);
            command.Options.Add(Global);
            command.Validators.Add(result =>
            {
                if (result.GetValue(Global) && result.GetValue(_pipeline) is not null) result.AddError("--global and --pipeline do not go together: a secret is of one or the other.");
                if (result.GetValue(_pipeline) is { } name && Slug.Complaint(name) is { } complaint) result.AddError($"--pipeline {complaint}");
            });
        }

        public Option<bool> Global { get; } = new("--global") { Description = "A secret of the install, for namespaces that it names." };

        public (bool IsGlobal, string? Pipeline, Func<string, string> Reference) Of(CommandContext context)
        {
            var (isGlobal, pipeline) = (context.Parsed.GetValue(Global), context.Parsed.GetValue(_pipeline));
            var kind = isGlobal ? "global_secret" : pipeline is null ? "namespace_secret" : "pipeline_secret";
            return (isGlobal, pipeline, key => $"{kind}{{{{{key}}}}}");
        }
    }
}
