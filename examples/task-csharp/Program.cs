using Gofer.Sdk.Extensions;

return await new Lint().RunAsync();

internal sealed class Lint : GoferTask
{
    public override string Name => "lint";

    public override string? Complaint(TaskCall call) => string.IsNullOrEmpty(call.Text("path")) ? "The input 'path' is missing." : null;

    public override async Task<int> ExecuteAsync(TaskCall call, TaskOutput output, CancellationToken cancellationToken)
    {
        output.WriteLine($"linting {call.Text("path")}");
        await Task.Delay(TimeSpan.FromMilliseconds(call.Whole("sleep_ms")), cancellationToken);
        if (call.Flag("fail")) output.WriteErrorLine($"{call.Text("path")}: 1 problem");
        else output.WriteLine("no problems");
        return call.Flag("fail") ? 1 : 0;
    }
}
