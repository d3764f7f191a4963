using System.CommandLine;
using System.Text.Json;
using Gofer.Cli.Completion;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>config</c>: every setting with its value and where that comes from.</summary>
internal static class ConfigCommand
{
    public static Command Config()
    {
        var key = new Argument<string?>("key") { Description = "The setting, such as worker.lease or GOFER_WORKER__LEASE; all of them where none is given.", DefaultValueFactory = _ => null };
        key.Suggests((_, _) => Task.FromResult(SettingTable.All.Select(s => new Suggestion(s.Key, s.About))));
        var command = new Command("config", "Show the settings: value, where it comes from, default and unit. Secrets are masked.")
            .Example("gofer config")
            .Example("gofer config worker.lease", "what one setting is for, and what may be written there")
            .Example("GOFER_WORKER__LEASE=30s gofer config worker.lease -o json");
        command.Arguments.Add(key);
        command.Run((context, _) =>
        {
            var settings = Settings.Read(context.Inputs);
            if (context.Parsed.GetValue(key) is { } asked)
            {
                if ((SettingTable.ByKey(asked) ?? SettingTable.ByVariable(asked)) is not { } setting) return Task.FromResult(context.Fail(Unknown(asked)));
                var one = SettingView.Of(settings, setting);
                if (context.IsTable) Columns.Write(context.Out, Page(one, setting), Columns.Width);
                else context.PrintOne(one, s => s.Key);
            }
            else
            {
                context.Print(
                    [.. SettingTable.All.Select(s => SettingView.Of(settings, s))], s => s.Key,
                    ("setting", s => s.Key), ("value", s => s.Value), ("source", s => s.Source == "default" ? "" : s.Source), ("default", s => s.Default), ("unit", s => s.Unit));
            }

            // What is wrong would stop every other command: it is said here too, beside what can be shown.
            foreach (var complaint in settings.Complaints) context.Error.WriteLine($"gofer: {complaint}");
            return Task.FromResult(settings.Complaints.Count == 0 ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static List<(string, string)> Page(SettingView view, Setting setting) =>
    [
        (view.Key, setting.About),
        ("value", view.Value ?? "(none)"),
        ("source", view.Source),
        ("default", view.Default ?? "(none)"),
        ("must be", setting.Kind.Allowed),
        .. setting.Flag is { } flag ? [("flag", flag)] : Array.Empty<(string, string)>(),
        ("variable", $"{setting.Variable}, or {setting.Variable}{SecretFile.Suffix} for a file that holds it"),
        ("file", setting.Section.Length > 0 ? $"{setting.Key[(setting.Section.Length + 1)..]} below [{setting.Section}]" : $"{setting.Key} above all sections"),
    ];

    private static Error Unknown(string asked) => new(
        ErrorKind.NotFound, ErrorCodes.ValidationFailed,
        Nearest.Of(asked, SettingTable.All.SelectMany(s => new[] { s.Key, s.Variable })) is { } meant
            ? $"There is no setting {Shown.Quoted(asked)}. Did you mean '{meant}'?"
            : $"There is no setting {Shown.Quoted(asked)}. 'gofer config' lists those that there are.");

    /// <summary>A setting as it is printed.</summary>
    internal sealed record SettingView(
        string Key, string? Value, string SourceKind, string Source, string? Default, string Unit, string MustBe, bool Secret, string Variable, string? Flag, string About)
    {
        public static SettingView Of(Settings settings, Setting setting)
        {
            var written = settings.Written(setting);
            var source = written?.Source ?? Configuration.Source.Default;
            var value = written is not null ? setting.Shown(written.Text) : setting.Effective;
            return new SettingView(
                setting.Key, value, JsonNamingPolicy.SnakeCaseLower.ConvertName(source.Kind.ToString()), source.Place, setting.Told is { Length: > 0 } told ? told : null, setting.Unit,
                setting.Kind.Allowed, setting.IsSecret, setting.Variable, setting.Flag, setting.About);
        }
    }
}
