namespace Gofer.Bench.Table;

/// <summary>A row of the table: what is measured, of what the other figure is, what is to be reached.</summary>
internal sealed record Line(string What, string Unit, string Against, Goal Goal);
