using System.Globalization;

namespace Gofer.Tests.Chaos.Load;

/// <summary>One line that a task wrote: <paramref name="What"/> is <c>start</c>, <c>end</c> or <c>stopped</c>.</summary>
internal sealed record Note(Guid Run, string Task, int Attempt, int Pid, string What, DateTimeOffset At);

/// <summary>What the tasks themselves say, in a file that Gofer knows nothing of.</summary>
internal sealed class TaskJournal(string path)
{
    private readonly List<Note> _notes = [];
    private long _read;

    public string Path => path;

    /// <summary>All notes read so far, in the order of the file.</summary>
    public IReadOnlyList<Note> Notes => _notes;

    /// <summary>Reads what was added; a line that is still being written waits for the next time.</summary>
    public async Task ReadAsync()
    {
        if (!File.Exists(path)) return;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(_read, SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        var text = await reader.ReadToEndAsync();
        var whole = text.LastIndexOf('\n') + 1;
        _read += whole; // the journal is ASCII
        foreach (var line in text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries)) _notes.Add(Parse(line));
    }

    private static Note Parse(string line)
    {
        var words = line.Split(' ');
        if (words.Length != 6) throw new InvalidOperationException($"The journal has a line that no task writes: '{line}'.");
        var time = words[5].Split('.');
        return new Note(
            Guid.Parse(words[0]), words[1], int.Parse(words[2], CultureInfo.InvariantCulture), int.Parse(words[3], CultureInfo.InvariantCulture), words[4],
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(time[0], CultureInfo.InvariantCulture)).AddTicks(long.Parse(time[1], CultureInfo.InvariantCulture) / 100));
    }
}
