using System.Text;

namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A mebibyte of output in sixteen pieces with a breath between them, the last of which ends inside a line.</summary>
internal sealed class LogHeavy : ChaosPipeline
{
    private const int Pieces = 16;
    private const int Piece = 64 * 1024;

    public override string Id => "log-heavy";

    public override int Weight => 4;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        new ChaosTask(
            "writes",
            $"""
            i=0
            while [ $i -lt {Pieces} ]; do
              yes "piece $i of $GOFER_RUN_UUID" 2>/dev/null | head -c {Piece}
              i=$((i + 1))
              sleep 0.1
            done
            """,
            Whole),
    ];

    private static Output Whole(Speaker who)
    {
        var output = new StringBuilder(Pieces * Piece);
        for (var i = 0; i < Pieces; i++)
        {
            var line = $"piece {i} of {who.Run}\n";
            var piece = new StringBuilder(Piece + line.Length);
            while (piece.Length < Piece) piece.Append(line);
            output.Append(piece.ToString(0, Piece));
        }

        return Output.Of(output.ToString());
    }
}
