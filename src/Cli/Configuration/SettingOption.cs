using System.CommandLine;

namespace Gofer.Cli.Configuration;

/// <summary>The flag of a setting; what the table says of the setting is what the help says of it.</summary>
internal sealed class SettingOption : Option<string?>
{
    private SettingOption(Setting setting, string[] aliases)
        : base(setting.Flag ?? throw new InvalidOperationException($"{setting.Key} has no flag."), aliases) => Setting = setting;

    /// <summary>What it sets.</summary>
    public Setting Setting { get; }

    /// <summary>Makes the flag for a command.</summary>
    public static SettingOption Of(Setting setting)
    {
        var option = new SettingOption(setting, setting.ShortFlag is { } alias ? [alias] : []);
        option.Description = $"{setting.About} Also {setting.Variable}.{(setting.Told is { Length: > 0 } told && setting.Kind is not SettingKind.YesNo ? $" [default: {told}]" : "")}";
        option.HelpName = setting.Kind.Choices.Count > 0 ? string.Join('|', setting.Kind.Choices) : setting.Unit.ToUpperInvariant();
        if (setting.Kind is SettingKind.YesNo) option.Arity = ArgumentArity.ZeroOrOne;
        if (setting.Kind.Choices.Count > 0) option.CompletionSources.Add([.. setting.Kind.Choices]);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (setting.Complaint(option.Name, token.Value) is { } wrong) result.AddError(wrong);
            }
        });
        return option;
    }

    /// <summary>What a command line sets by such flags.</summary>
    public static Dictionary<Setting, string> Given(ParseResult parsed)
    {
        var given = new Dictionary<Setting, string>();
        for (var at = (System.CommandLine.Parsing.SymbolResult?)parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is not System.CommandLine.Parsing.CommandResult { Command: var command }) continue;
            foreach (var option in command.Options.OfType<SettingOption>())
            {
                if (parsed.GetResult(option) is not { Implicit: false } result) continue;
                given[option.Setting] = result.Tokens is [var token, ..] ? token.Value : "true";
            }
        }

        return given;
    }
}
