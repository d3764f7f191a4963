using System.CommandLine;
using System.CommandLine.Parsing;
using Gofer.Application.Schedulers;
using Gofer.Cli.Authoring;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Worker;
using Gofer.Worker.Local;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Gofer.Cli.Local;

/// <summary><c>run --local</c>: a pipeline in this process, without a server.</summary>
internal sealed class LocalCommand
{
    private readonly Option<string?> _path = new("--local")
    {
        Description = "Run a document here, without a server: a JSON file, a folder whose program prints it, or - for standard input. Nothing is registered or kept.",
        HelpName = "PATH",
    };

    private readonly Option<string?> _task = new("--task") { Description = "With --local: run this task alone, of a matrix all instances." };
    private readonly Option<string?> _envFile = new("--env-file") { Description = "With --local: a file of KEY=VALUE lines, the values of secrets and objects.", HelpName = "FILE" };
    private readonly SettingOption _scheduler = SettingOption.Of(SettingTable.Scheduler);

    /// <summary>
    /// Adds the options to <c>run</c>. A run is either of a pipeline of the server or local; <paramref name="remote"/> are options that mean
    /// nothing without a server.
    /// </summary>
    public static LocalCommand AddTo(Command run, Argument<string?> pipeline, params Option[] remote)
    {
        var local = new LocalCommand();
        Option[] own = [local._task, local._envFile, local._scheduler];
        run.Options.Add(local._path);
        foreach (var option in own) run.Options.Add(option);
        run.Validators.Add(given =>
        {
            var isLocal = given.GetResult(local._path) is not null;
            var isNamed = given.GetResult(pipeline) is { Tokens.Count: > 0 };
            if (isLocal && isNamed) given.AddError("A run is of a pipeline of the server, or of a document with --local; both are given.");
            if (!isLocal && !isNamed) given.AddError("Name the pipeline to run, or a document with --local PATH.");
            foreach (var option in isLocal ? remote : own)
            {
                if (given.GetResult(option) is not { Implicit: false }) continue;
                given.AddError(isLocal ? $"{option.Name} means nothing without a server; leave it away with --local." : $"{option.Name} goes with --local PATH only.");
            }
        });
        return local;
    }

    /// <summary>Whether a local run is asked for.</summary>
    public bool IsAsked(CommandContext context) => context.Parsed.GetValue(_path) is not null;

    /// <summary>Judges, runs and shows it.</summary>
    public async Task<ExitCode> RunAsync(
        CommandContext context, IReadOnlyDictionary<string, string>? parameters, IReadOnlyDictionary<string, string>? variables, CancellationToken token)
    {
        var settings = context.Settings;
        var envFile = context.Parsed.GetValue(_envFile);
        var values = envFile is null ? new Dictionary<string, string>() : EnvFile.Read(envFile);
        if (!values.IsOk) return context.Fail(values.Error);
        var json = await PipelineSource.ReadAsync(context.Parsed.GetValue(_path)!, context.Error, token);
        if (!json.IsOk) return context.Fail(json.Error);
        var order = LocalPlan.Make(json.Value, new LocalRequest
        {
            Namespace = settings[SettingTable.Namespace]!,
            Task = context.Parsed.GetValue(_task),
            Params = parameters ?? new Dictionary<string, string>(),
            Variables = variables ?? new Dictionary<string, string>(),
            EnvFile = envFile,
            Values = values.Value,
        });
        return order.IsOk ? await RunAsync(context, settings, order.Value, token) : context.Fail(order.Error);
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, Settings settings, LocalOrder order, CancellationToken token)
    {
        // Only processes need a place for their output; it is theirs for the run and goes with it.
        var folder = settings[SettingTable.Scheduler] == SchedulerChoice.Process ? Directory.CreateTempSubdirectory("gofer-local-").FullName : null;
        try
        {
            var choice = await SchedulerChoice.FindAsync(settings[SettingTable.Scheduler], settings[SettingTable.DockerHost], folder ?? "", fallBack: false, token);
            if (!choice.IsOk) return context.Fail(choice.Error);
            var tasks = order.Document.Tasks.Count == 1 ? "1 task" : $"{order.Document.Tasks.Count} tasks";
            context.Error.WriteLine($"{order.Document.Id}: {tasks} on {choice.Value.Description}. Nothing is registered or kept; Ctrl-C cancels.");
            using var terminal = new LocalTerminal(context, order, TimeProvider.System);
            await using var services = Services(settings.Configuration, order, choice.Value, terminal);
            return await RunAsync(context, services, terminal, token);
        }
        finally
        {
            if (folder is not null) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, ServiceProvider services, LocalTerminal terminal, CancellationToken token)
    {
        Run run;
        LocalRun local;
        try
        {
            local = services.GetRequiredService<LocalRun>();
        }
        catch (OptionsValidationException e)
        {
            return context.Fail(Error.Invalid("", string.Join(' ', e.Failures)));
        }

        using var signals = new LocalSignals(context.Error, local, services.GetRequiredService<IOptions<WorkerOptions>>().Value.StopGrace);
        try
        {
            run = await local.RunAsync(token);
        }
        catch (SchedulerUnavailableException e)
        {
            return context.Fail(new Error(ErrorKind.Unavailable, ErrorCodes.SchedulerUnavailable, e.Message));
        }
        finally
        {
            await ClearAsync(context, local);
        }

        return await terminal.EndAsync(run);
    }

    private static async Task ClearAsync(CommandContext context, LocalRun local)
    {
        try
        {
            await local.ClearAsync();
        }
        catch (SchedulerUnavailableException e)
        {
            context.Error.WriteLine($"gofer: Containers of this run may be left: {e.Message} {LocalSignals.HowToClear}");
        }
    }

    private static ServiceProvider Services(IConfiguration settings, LocalOrder order, SchedulerChoice choice, LocalTerminal terminal)
    {
        var services = new ServiceCollection();
        services.AddSingleton(settings);
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(o => o.SingleLine = true));
        services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        services.AddSingleton(order);
        services.AddSingleton<ILocalWatcher>(terminal);
        services.AddSingleton<IScheduler>(provider => choice.Create(() => provider.GetRequiredService<LocalInstall>().Id, TimeProvider.System, false));
        return services.AddGoferLocalRun().BuildServiceProvider();
    }
}
