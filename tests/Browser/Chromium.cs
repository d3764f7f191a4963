using Microsoft.Playwright;

namespace Gofer.Tests.Browser;

/// <summary>The system's own Chromium without a window. Nothing is downloaded.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    private static string Program => Environment.GetEnvironmentVariable("GOFER_TEST_CHROMIUM") ?? "/usr/bin/chromium";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program)) throw new InvalidOperationException($"These tests need Chromium, and there is no {Program}: apt-get install chromium (or name another with GOFER_TEST_CHROMIUM).");
        Assertions.SetDefaultExpectTimeout(60_000); // a busy machine, not a slow page
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Headless = true,
            // Its sandbox refuses to work for root.
            Args = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [],
        });
    }

    /// <summary>A page that nobody used before.</summary>
    public Task<IPage> PageAsync() => _browser!.NewPageAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
