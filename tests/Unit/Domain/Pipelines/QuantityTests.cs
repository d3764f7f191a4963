using Gofer.Domain.Common;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("500m", 500)]
    [InlineData("2", 2000)]
    [InlineData("0.5", 500)]
    [InlineData(".5", 500)]
    [InlineData("1.", 1000)]
    [InlineData("10m", 10)]
    [InlineData("1k", 1_000_000)]
    [InlineData("100.5m", 101)]
    [InlineData("500000u", 500)]
    [InlineData("1e-1", 100)]
    public void Cpu_is_read_in_thousandths_of_a_core_rounded_up(string text, long millis)
    {
        Assert.True(Quantity.TryCpu(text, out var read, out var complaint), complaint);
        Assert.Equal(millis, read);
    }

    [Theory]
    [InlineData("256Mi", 268_435_456)]
    [InlineData("1Gi", 1_073_741_824)]
    [InlineData("128M", 128_000_000)]
    [InlineData("8000000", 8_000_000)]
    [InlineData("0.5Gi", 536_870_912)]
    [InlineData("128e6", 128_000_000)]
    [InlineData("128E6", 128_000_000)]
    [InlineData("8000000.1", 8_000_001)]
    [InlineData("1Pi", 1_125_899_906_842_624)]
    public void Memory_is_read_in_bytes_rounded_up(string text, long bytes)
    {
        Assert.True(Quantity.TryMemory(text, out var read, out var complaint), complaint);
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1,5")]
    [InlineData("1Kb")]
    [InlineData("1e")]
    [InlineData("1e99")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("٣")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("111111111111111111111111111111111")]
    public void What_is_no_quantity_is_refused_with_an_example(string text)
    {
        Assert.False(Quantity.TryCpu(text, out _, out var cpu));
        Assert.Contains("is no amount of CPU; write '500m'", cpu, StringComparison.Ordinal);
        Assert.False(Quantity.TryMemory(text, out _, out var memory));
        Assert.Contains("is no amount of memory; write '256Mi'", memory, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "too little CPU")]
    [InlineData("9m", "too little CPU")]
    [InlineData("1000.1", "too much CPU")]
    [InlineData("9999999999999999999999999999", "too much CPU")]
    [InlineData("9999999999999E", "too much CPU")]
    public void Cpu_has_a_range(string text, string words)
    {
        Assert.False(Quantity.TryCpu(text, out _, out var complaint));
        Assert.Contains(words, complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "too little memory; the least is 6Mi.")]
    [InlineData("5Mi", "too little memory")]
    [InlineData("100m", "did you mean '100Mi'?")]
    [InlineData("2Pi", "too much memory; the most is 1Pi.")]
    [InlineData("1E", "too much memory")]
    [InlineData("9999999999999999999999999Ei", "too much memory")]
    public void Memory_has_a_range(string text, string words)
    {
        Assert.False(Quantity.TryMemory(text, out _, out var complaint));
        Assert.Contains(words, complaint, StringComparison.Ordinal);
    }
}
