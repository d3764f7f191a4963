using Gofer.Infrastructure.Secrets;

namespace Gofer.Tests.Support;

/// <summary>The keys of every install of one test process, so that processes over one database have the same.</summary>
public static class TestKeys
{
    /// <summary>As <c>secrets.keys</c> has them.</summary>
    public static string Text { get; } = KeyRing.Generate("test");

    /// <summary>The same, read.</summary>
    public static KeyRing Ring { get; } = KeyRing.Parse(Text).Value;
}
