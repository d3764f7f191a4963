using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>Mistakes in pipelines and in the programs that print them.</summary>
public sealed class DocumentMistakes : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-mistakes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Json_that_is_wrong_at_line_7() => IsAnsweredAsync(
        "30-bad-json-at-line-7", "line 7, column 7",
        """
        {
          "id": "nightly",
          "tasks": [
            {
              "id": "extract",
              "image": "busybox:latest"
              "command": ["./extract.sh"]
            }
          ]
        }
        """);

    [Fact]
    public Task A_comma_too_many() => IsAnsweredAsync(
        "31-trailing-comma", "one too many",
        """
        {
          "id": "nightly",
          "tasks": [{ "id": "extract", "image": "busybox:latest", "command": ["true"], }]
        }
        """);

    [Fact]
    public Task A_file_that_ends_too_early() => IsAnsweredAsync(
        "32-json-that-ends-early", "every bracket",
        """
        {
          "id": "nightly",
          "tasks": [{ "id": "extract", "image": "busybox:latest" }
        """);

    [Fact]
    public Task A_parent_that_is_not_there() => IsAnsweredAsync("33-unknown-parent", "Did you mean 'extract'?", Task("load", "\"depends_on\": {\"extarct\": \"success\"}"));

    [Fact]
    public Task A_member_that_is_called_otherwise() => IsAnsweredAsync("34-unknown-member", "Did you mean 'command'?", Task("load", "\"commands\": [\"./load.sh\"]"));

    [Fact]
    public Task Two_tasks_of_one_name() => IsAnsweredAsync("35-duplicate-task", "defined twice", Task("extract", "\"working_dir\": \"/\""));

    [Fact]
    public Task Tasks_that_wait_for_each_other() => IsAnsweredAsync(
        "36-cycle", "extract → load → extract",
        """
        {
          "id": "nightly",
          "tasks": [
            { "id": "extract", "image": "busybox:latest", "command": ["true"], "depends_on": {"load": "success"} },
            { "id": "load", "image": "busybox:latest", "command": ["true"], "depends_on": {"extract": "success"} }
          ]
        }
        """);

    [Fact]
    public Task A_duration_without_a_unit() => IsAnsweredAsync("37-bad-duration", "90s or 1h30m", Task("load", "\"timeout\": \"10\""));

    [Fact]
    public Task A_size_in_another_unit() => IsAnsweredAsync("38-bad-size", "256Mi", Task("load", "\"resources\": {\"memory\": \"256MB\"}"));

    [Fact]
    public Task A_command_that_is_a_text() => IsAnsweredAsync("39-command-that-is-a-text", "must be an array", Task("load", "\"command\": \"./load.sh --all\""));

    [Fact]
    public Task Several_faults_at_once() => IsAnsweredAsync(
        "40-several-faults", "line 5", Task("load it", "\"imgae\": \"x\", \"depends_on\": {\"extract\": \"sucess\"}"));

    [Fact]
    public Task An_empty_file() => IsAnsweredAsync("41-empty-document", "is empty", "\n");

    [Fact]
    public Task A_document_without_tasks() => IsAnsweredAsync("42-no-tasks", "'tasks'", """{"id": "nightly"}""");

    [Fact]
    public async Task A_pipeline_in_yaml()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "nightly.yaml"), "id: nightly\ntasks: []\n", TestContext.Current.CancellationToken);
        await Of("43-yaml", "yq -o json nightly.yaml > nightly.json").IsAnsweredAsync("validate", "nightly.yaml");
    }

    [Fact]
    public async Task A_path_that_is_mistyped()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "nightly.json"), "{}", TestContext.Current.CancellationToken);
        await Of("44-mistyped-path", "Did you mean 'nightly.json'?").IsAnsweredAsync("up", "nigthly.json");
    }

    [Fact]
    public Task A_folder_without_a_program() => Of("45-folder-without-a-program", "pipeline.json").IsAnsweredAsync("up", ".");

    [Fact]
    public Task A_program_that_prints_nothing() => PrintsAsync("46-program-that-prints-nothing", "prints the document", "pass\n");

    [Fact]
    public Task A_program_that_fails() => PrintsAsync("47-program-that-fails", "Nothing was registered", "import sys\nsys.exit('The warehouse is closed.')\n");

    [Fact]
    public Task A_program_that_prints_a_line_before_the_document() =>
        PrintsAsync("48-program-that-prints-more", "standard error", "print('Building the pipeline')\nprint('{\"id\": \"nightly\"}')\n");

    [Fact]
    public async Task A_program_whose_language_is_not_installed()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "go.mod"), "module nightly\n", TestContext.Current.CancellationToken);
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "dotnet"), Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "/usr/bin/dotnet");
        await (Of("49-language-that-is-not-installed", "https://go.dev/dl") with { Environment = [("PATH", bin)] }).IsAnsweredAsync("up", ".");
    }

    private async Task PrintsAsync(string name, string cure, string program)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "main.py"), program, TestContext.Current.CancellationToken);
        await Of(name, cure).IsAnsweredAsync("up", ".");
    }

    private async Task IsAnsweredAsync(string name, string cure, string document)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "pipeline.json"), document, TestContext.Current.CancellationToken);
        await Of(name, cure).IsAnsweredAsync("validate", "pipeline.json");
    }

    /// <summary>A good task and, in line 5, another with these members.</summary>
    private static string Task(string id, string members) =>
        $$"""
        {
          "id": "nightly",
          "tasks": [
            { "id": "extract", "image": "busybox:latest", "command": ["true"] },
            { "id": "{{id}}", "image": "busybox:latest", {{members}} }
          ]
        }
        """;

    private Mistake Of(string name, string cure) =>
        new(name, cure) { Folder = _folder, Environment = [("GOFER_SERVER", "http://127.0.0.1:1")], Names = [(_folder, "FOLDER")], Input = "" };
}
