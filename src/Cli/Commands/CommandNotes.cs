using System.CommandLine;
using System.Runtime.CompilerServices;

namespace Gofer.Cli.Commands;

/// <summary>A command line that works as it stands, and what it does where that does not go without saying.</summary>
internal sealed record Example(string Line, string About = "");

/// <summary>What a command says of itself beside its description: examples, and the group in which the help lists it.</summary>
internal static class CommandNotes
{
    private static readonly ConditionalWeakTable<Command, Notes> s_notes = [];

    extension(Command command)
    {
        /// <summary>The examples, in the order in which the help shows them.</summary>
        public IReadOnlyList<Example> Examples => s_notes.GetOrCreateValue(command).Examples;

        /// <summary>The heading below which the help of the command above lists it; null where that has no groups.</summary>
        public string? Group => s_notes.GetOrCreateValue(command).Group;

        /// <summary>Adds an example, such as <c>gofer logs nightly -f</c>: the whole line, which has to be a good one.</summary>
        public Command Example(string line, string about = "")
        {
            s_notes.GetOrCreateValue(command).Examples.Add(new Example(line, about));
            return command;
        }

        /// <summary>Lists the command below that heading.</summary>
        public Command In(string group)
        {
            s_notes.GetOrCreateValue(command).Group = group;
            return command;
        }
    }

    private sealed class Notes
    {
        public List<Example> Examples { get; } = [];

        public string? Group { get; set; }
    }
}
