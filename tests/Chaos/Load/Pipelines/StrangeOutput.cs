using System.Text;

namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>Bytes that are no text: NUL, colours, half a character, and one line longer than any chunk.</summary>
internal sealed class StrangeOutput : ChaosPipeline
{
    private const int Huge = 300_000;

    public override string Id => "strange-output";

    public override int Weight => 4;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        new ChaosTask(
            "writes",
            $"""
            printf 'a\000b\033[31mred\033[0m\n\342\202'
            sleep 0.3
            printf '\254 and \377\376\n'
            head -c {Huge} /dev/zero | tr '\000' x
            printf '\000'
            """,
            _ => new Output(
                [.. "a\0b\u001b[31mred\u001b[0m\n"u8, 0xE2, 0x82, 0xAC, .. " and "u8, 0xFF, 0xFE, (byte)'\n', .. Encoding.ASCII.GetBytes(new string('x', Huge)), 0],
                [])),
    ];
}
