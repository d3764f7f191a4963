using Gofer.Cli;
using Gofer.Cli.Configuration;

namespace Gofer.Tests.Unit.Cli;

/// <summary>Settings over real files, in an environment and a home of the test's own.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string _room = Directory.CreateTempSubdirectory("gofer-settings-").FullName;
    private readonly Dictionary<string, string> _environment = [];
    private string[] _line = [];

    public SettingsTests()
    {
        _environment["HOME"] = Path.Combine(_room, "home");
        foreach (var folder in new[] { "project", "home/.config/gofer", "etc" }) Directory.CreateDirectory(Path.Combine(_room, folder));
    }

    private string Work => Path.Combine(_room, "project/gofer.toml");

    private string User => Path.Combine(_room, "home/.config/gofer/config.toml");

    private string Machine => Path.Combine(_room, "etc/gofer.toml");

    private SettingInputs Inputs
    {
        get
        {
            var parsed = App.Root().Parse(_line);
            return new SettingInputs
            {
                File = parsed.GetValue(Gofer.Cli.Commands.GlobalOptions.Config),
                Flags = SettingOption.Given(parsed),
                Environment = _environment,
                Folder = Path.Combine(_room, "project"),
                OfMachine = Machine,
            };
        }
    }

    public void Dispose() => Directory.Delete(_room, recursive: true);

    [Fact]
    public void What_claims_give_may_stand_on_lines_of_their_own()
    {
        _line = ["version"];
        File.WriteAllText(Work, "[oidc]\nroles = \"\"\"\n  platform = admin@*\n  team-* = viewer , operator@team-*\n\"\"\"\n");
        Assert.Equal("platform=admin@*; team-*=viewer,operator@team-*", Settings.Load(Inputs).Value[SettingTable.OidcRoles]);
        File.WriteAllText(Work, "[oidc]\nroles = \"platform=admin\"\n");
        Assert.Contains(":2: oidc.roles is wrong. 'platform=admin' says of nobody what it may do", Settings.Load(Inputs).Error!.Message, StringComparison.Ordinal);
    }

    /// <summary>One setting at every level; taking the strongest away brings the next to light, down to the default.</summary>
    [Theory]
    [InlineData("listen", "api", "--listen", "127.0.0.1:{0}", "127.0.0.1:8080")]
    [InlineData("scheduler", "dev", "--scheduler", null, "docker")]
    [InlineData("postgres", "migrate", "--postgres", "postgres://level{0}/gofer", null)]
    [InlineData("worker.listen", "worker", "--listen", "127.0.0.1:{0}", null)]
    [InlineData("server", "version", "--server", "http://level{0}:80", "http://127.0.0.1:8080")]
    [InlineData("namespace", "version", "-n", "level{0}", "default")]
    [InlineData("context", "version", "--context", "level{0}", null)]
    public void A_setting_is_taken_from_the_strongest_level_that_names_it(string key, string command, string flag, string? form, string? standard)
    {
        var setting = SettingTable.ByKey(key)!;
        var secret = Path.Combine(_room, "secret");
        (string Kind, string Place, Action<string> Set, Action Remove)[] levels =
        [
            ("Flag", setting.Flag!, v => _line = [command, flag, v], () => _line = [command]),
            ("Environment", setting.Variable, v => _environment[setting.Variable] = v, () => _environment.Remove(setting.Variable)),
            ("Environment", $"{setting.Variable}_FILE ({secret})", v => Name(v), () => _environment.Remove(setting.Variable + "_FILE")),
            ("File", $"{Work}:2", v => File.WriteAllText(Work, Toml(v)), () => File.Delete(Work)),
            ("File", $"{User}:2", v => File.WriteAllText(User, Toml(v) + Contexts()), () => File.WriteAllText(User, Contexts())),
            ("File", $"{Machine}:2", v => File.WriteAllText(Machine, Toml(v)), () => File.Delete(Machine)),
        ];
        for (var level = 0; level < levels.Length; level++)
        {
            if (level != 2) levels[level].Set(Value(level));
        }

        for (var level = 0; level < levels.Length; level++)
        {
            if (level == 2) levels[2].Set(Value(2)); // both at once would be a mistake, see below
            var settings = Settings.Load(Inputs);
            Assert.True(settings.IsOk, settings.Error?.Message);
            Assert.Equal((Value(level), levels[level].Kind, levels[level].Place), (settings.Value[setting], settings.Value.Written(setting)!.Source.Kind.ToString(), settings.Value.Written(setting)!.Source.Place));
            Assert.Equal(Value(level), settings.Value.Configuration[setting.Path]);
            levels[level].Remove();
        }

        var none = Settings.Load(Inputs).Value;
        Assert.Equal((standard, null, null), (none[setting], none.Written(setting), none.Configuration[setting.Path]));

        string Value(int level) => form is null ? level % 2 == 0 ? "process" : "docker" : string.Format(System.Globalization.CultureInfo.InvariantCulture, form, level + 1);
        string Toml(string value) => key.Split('.') is [var section, var name] ? $"[{section}]\n{name} = \"{value}\"\n" : $"# what is\n{key} = \"{value}\"\n";
        string Contexts() => key == "context" ? string.Concat(Enumerable.Range(1, 6).Select(n => $"[contexts.level{n}]\n")) : "";
        void Name(string value)
        {
            File.WriteAllText(secret, value + "\n");
            _environment[setting.Variable + "_FILE"] = secret;
        }
    }

    [Fact]
    public void A_named_file_is_the_only_one_that_is_read()
    {
        File.WriteAllText(Work, "namespace = \"work\"\nserver = \"http://work\"\n");
        var named = Path.Combine(_room, "named.toml");
        File.WriteAllText(named, "namespace = \"named\"\n");
        _line = ["version", "--config", named];
        var settings = Settings.Load(Inputs).Value;
        Assert.Equal(("named", "http://127.0.0.1:8080"), (settings[SettingTable.Namespace], settings[SettingTable.Server]));
        (_line, _environment[Variables.Config]) = ([], named);
        Assert.Equal("named", Settings.Load(Inputs).Value[SettingTable.Namespace]);
        _environment[Variables.Config] = Path.Combine(_room, "none.toml");
        Assert.Equal($"The settings file {_room}/none.toml cannot be read: there is no such file.", Settings.Load(Inputs).Error!.Message);
    }

    [Fact]
    public void A_secret_is_read_from_the_file_that_a_variable_or_another_file_names_without_its_last_line_break()
    {
        var secret = Path.Combine(_room, "secret");
        File.WriteAllText(secret, "s3cret\n");
        _environment["GOFER_TOKEN_FILE"] = secret;
        Assert.Equal("s3cret", Settings.Load(Inputs).Value[SettingTable.Token]);
        _environment["GOFER_TOKEN"] = "other";
        Assert.Equal("GOFER_TOKEN and GOFER_TOKEN_FILE are both set; leave one of them away.", Settings.Load(Inputs).Error!.Message);
        _environment.Remove("GOFER_TOKEN");
        _environment["GOFER_TOKEN_FILE"] = secret + ".gone";
        Assert.Equal($"GOFER_TOKEN_FILE names {secret}.gone, and there is no such file.", Settings.Load(Inputs).Error!.Message);
        _environment["GOFER_TOKEN_FILE"] = _room;
        Assert.Contains("which is a folder and no file", Settings.Load(Inputs).Error!.Message, StringComparison.Ordinal);
        _environment.Remove("GOFER_TOKEN_FILE");
        File.WriteAllText(Machine, "postgres_file = \"database\"\n");
        File.WriteAllText(Path.Combine(_room, "etc/database"), "postgres://gofer:hidden@db/gofer\r\n");
        var settings = Settings.Load(Inputs).Value;
        Assert.Equal("postgres://gofer:hidden@db/gofer", settings[SettingTable.Postgres]);
        Assert.DoesNotContain("hidden", SettingTable.Postgres.Shown(settings[SettingTable.Postgres]!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[worker]\nlaese = \"1s\"", 2, "There is no setting 'worker.laese'. Did you mean 'worker.lease'?")]
    [InlineData("posgres = \"x\"", 1, "There is no setting 'posgres'. Did you mean 'postgres'?")]
    [InlineData("\n\nworker = { lease = \"1s\", pol = \"2s\" }", 3, "There is no setting 'worker.pol'. Did you mean 'worker.poll'?")]
    [InlineData("colour = \"green\"", 1, "There is no setting 'colour'. 'gofer config' lists those that there are.")]
    [InlineData("[api]\ndev_mode = true", 2, "There is no setting 'api.dev_mode'.")]
    [InlineData("worker = 5", 1, "'worker' is a section: write [worker] and its settings below.")]
    [InlineData("[[worker]]\nlease = \"1s\"", 1, "'[[worker]]' is a list, and no setting is one. Write [worker].")]
    [InlineData("worker.lease = \"soon\"", 1, "worker.lease 'soon' must be a duration such as 90s or 1h30m, from 1s to 1h.")]
    [InlineData("worker.lease = \"2h\"", 1, "worker.lease '2h' must be a duration such as 90s or 1h30m, from 1s to 1h.")]
    [InlineData("[worker]\ncapacity = 0", 2, "worker.capacity '0' must be a whole number from 1 to 10000.")]
    [InlineData("[worker]\nlog_limit = \"1Gb\"", 2, "worker.log_limit '1Gb' must be a number of bytes such as 1073741824, or a size such as 512Mi or 1Gi, 1024 bytes at least.")]
    [InlineData("server = \"localhost:8080\"", 1, "server 'localhost:8080' must be a URL such as http://127.0.0.1:8080. Did you mean 'http://localhost:8080'?")]
    [InlineData("worker.insecure_listen = 1", 1, "worker.insecure_listen '1' must be true or false.")]
    [InlineData("scheduler = \"dokcer\"", 1, "scheduler 'dokcer' must be docker or process. Did you mean 'docker'?")]
    [InlineData("listen = 8080", 1, "listen '8080' must be an address with a port, such as 127.0.0.1:8080.")]
    [InlineData("server = [\"a\"]", 1, "server must be a URL such as http://127.0.0.1:8080.")]
    [InlineData("data = \"\"", 1, "data '' must be a folder, without control characters.")]
    [InlineData("worker.lease = \"1s\"\nworker.lease_file = \"x\"", 2, "worker.lease is set in line 1 too; leave one of them away.")]
    [InlineData("[contexts.a]", 1, "Contexts are read from {user} only. Move '[contexts.a]' there.")]
    [InlineData("token_file = \"none\"", 1, "token_file names {room}/project/none, and there is no such file.")]
    [InlineData("\n[worker", 2, "The settings file cannot be read: ")]
    [InlineData("data = \"a\"\ndata = \"b\"", 2, "")]
    public void What_is_wrong_with_a_file_is_said_with_its_line_and_what_was_meant(string text, int line, string said)
    {
        File.WriteAllText(Work, text + "\n");
        var expected = $"{Work}:{line}: {said}".Replace("{user}", User, StringComparison.Ordinal).Replace("{room}", _room, StringComparison.Ordinal);
        Assert.StartsWith(expected, Settings.Load(Inputs).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GOFER_POSGRES", "x", "There is no setting 'GOFER_POSGRES' (a variable of the environment). Did you mean 'GOFER_POSTGRES'?")]
    [InlineData("GOFER_WORKER_LEASE", "1s", "There is no setting 'GOFER_WORKER_LEASE' (a variable of the environment). Did you mean 'GOFER_WORKER__LEASE'?")]
    [InlineData("GOFER_COLOUR", "green", "There is no setting 'GOFER_COLOUR' (a variable of the environment). 'gofer config' lists those that there are.")]
    [InlineData("GOFER_PORT", "8080", "There is no setting 'GOFER_PORT'")]
    [InlineData("GOFER_WORKER__LEASE", "soon", "GOFER_WORKER__LEASE 'soon' must be a duration such as 90s or 1h30m, from 1s to 1h.")]
    [InlineData("GOFER_NAMESPACE", "a b", "GOFER_NAMESPACE 'a b' may hold letters")]
    [InlineData("GOFER_TOKEN", "very secret", "GOFER_TOKEN must be visible ASCII, without spaces and line breaks.")]
    [InlineData("GOFER_POSTGRES", "host=h password=secret", "GOFER_POSTGRES is no place of a database. ")]
    [InlineData("GOFER_CONTEXT", "prod", "GOFER_CONTEXT: There is no context 'prod' in {user}. There are none yet: 'gofer context set prod --server URL' makes it.")]
    public void What_is_wrong_with_a_variable_is_said_with_its_name_and_a_secret_is_not_repeated(string name, string value, string said)
    {
        _environment[name] = value;
        var message = Settings.Load(Inputs).Error!.Message;
        Assert.StartsWith(said.Replace("{user}", User, StringComparison.Ordinal), message, StringComparison.Ordinal);
        if (name is "GOFER_TOKEN" or "GOFER_POSTGRES") Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GOFER_RUN_ID", "1")] // a task's own environment
    [InlineData("GOFER_RUN_UUID", "x")]
    [InlineData("GOFER_TEST_POSTGRES", "x")] // the project's tests
    [InlineData("GOFER_TESTBED_DIR", "x")]
    [InlineData("GOFER_SERVICE_HOST", "10.0.0.1")] // Kubernetes, for a service that is called gofer, or gofer-api
    [InlineData("GOFER_PORT", "tcp://10.0.0.1:80")]
    [InlineData("GOFER_API_PORT_8080_TCP_ADDR", "10.0.0.1")]
    [InlineData("GOFER_API_SERVICE_PORT_HTTP", "8080")]
    [InlineData("GOFER_WORKER__LEASE", "")] // empty is not set
    [InlineData("gofer_postgres", "x")]
    public void Variables_that_are_not_for_the_program_do_not_stop_it(string name, string value)
    {
        _environment[name] = value;
        Assert.True(Settings.Load(Inputs).IsOk);
    }

    [Theory]
    [InlineData("worker.lease", "1m30s", "00:01:30")]
    [InlineData("worker.log_limit", "2Mi", "2097152")]
    [InlineData("worker.insecure_listen", "True", "true")]
    [InlineData("listen", "localhost:80", "127.0.0.1:80")]
    public void A_value_is_bound_in_the_form_that_the_program_reads(string key, string written, string bound)
    {
        var setting = SettingTable.ByKey(key)!;
        _environment[setting.Variable] = written;
        Assert.Equal(bound, Settings.Load(Inputs).Value.Configuration[setting.Path]);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        File.WriteAllText(Work, "posgres = \"x\"\n[worker]\nlease = \"soon\"\n");
        File.WriteAllText(Machine, "colour = \"green\"\n");
        _environment["GOFER_NAMESPCE"] = "x";
        var error = Settings.Load(Inputs).Error!;
        Assert.Equal("4 things are wrong with the settings:", error.Message);
        Assert.Equal(
            ["There is no setting 'GOFER_NAMESPCE' (a variable of the environment). Did you mean 'GOFER_NAMESPACE'?", $"{Work}:1", $"{Work}:3", $"{Machine}:1"],
            error.Faults!.Select(f => f.Message.Split(": ")[0]));
    }

    [Theory]
    [InlineData("--context prod", "http://prod", "prod-space", "prod-token")]
    [InlineData("--context prod --server http://else", "http://else", "prod-space", null)] // its token is not for that server
    [InlineData("--context prod --server http://prod/", "http://prod", "prod-space", "prod-token")]
    [InlineData("--context bare", "http://bare", "default", null)]
    [InlineData("", "http://prod", "prod-space", "prod-token")]
    public void A_context_brings_server_namespace_and_token_and_the_token_goes_to_that_server_alone(string line, string server, string space, string? token)
    {
        WriteContexts("context = \"prod\"\n");
        _line = ["version", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var settings = Settings.Load(Inputs).Value;
        Assert.Equal((server, space, token), (settings[SettingTable.Server], settings[SettingTable.Namespace], settings[SettingTable.Token]));
    }

    [Fact]
    public void A_context_stands_where_it_was_chosen()
    {
        WriteContexts("context = \"prod\"\n");
        _environment["GOFER_NAMESPACE"] = "environment";
        _environment["GOFER_SERVER"] = "http://environment";
        Assert.Equal(("environment", "http://environment", null), Seen()); // the file's context is weaker than the environment, and its token is not for that server
        _line = ["version", "--context", "prod"];
        Assert.Equal(("prod-space", "http://prod", "prod-token"), Seen()); // the flag's is stronger
        _line = [];
        _environment["GOFER_CONTEXT"] = "bare";
        _environment.Remove("GOFER_SERVER");
        Assert.Equal(("environment", "http://bare", null), Seen());
        _environment.Remove("GOFER_CONTEXT");
        _environment.Remove("GOFER_NAMESPACE");
        File.WriteAllText(Work, "namespace = \"work\"\n");
        Assert.Equal(("work", "http://prod", "prod-token"), Seen());
        File.WriteAllText(Work, "server = \"http://elsewhere\"\n"); // what a cloned repository says does not get the token
        Assert.Equal(("prod-space", "http://elsewhere", null), Seen());
        _environment["GOFER_TOKEN"] = "mine";
        Assert.Equal(("prod-space", "http://elsewhere", "mine"), Seen());

        (string?, string?, string?) Seen() => Settings.Load(Inputs).Value is var s ? (s[SettingTable.Namespace], s[SettingTable.Server], s[SettingTable.Token]) : default;
    }

    [Fact]
    public void Inside_a_task_its_own_server_namespace_and_token_are_the_fallback()
    {
        (_environment["GOFER_API_URL"], _environment["GOFER_API_TOKEN"], _environment["GOFER_NAMESPACE_ID"]) = ("http://gofer:8080", "of-run", "team");
        WriteContexts("context = \"prod\"\n"); // a task that runs as a person finds that person's file, which is not for it
        Assert.Equal(("http://gofer:8080", "of-run", "team"), Seen());
        _environment["GOFER_SERVER"] = "http://else";
        Assert.Equal(("http://else", null, "team"), Seen());

        (string?, string?, string?) Seen() => Settings.Load(Inputs).Value is var s ? (s[SettingTable.Server], s[SettingTable.Token], s[SettingTable.Namespace]) : default;
    }

    [Fact]
    public void A_password_in_the_URL_of_a_server_is_refused_and_not_repeated()
    {
        foreach (var setting in new[] { SettingTable.Server, SettingTable.VaultAddress, SettingTable.S3Endpoint, SettingTable.PublicUrl })
        {
            var complaint = setting.Complaint(setting.Key, "https://somebody:hidden@gofer.example.com");
            Assert.Contains("without a user or a password", complaint, StringComparison.Ordinal);
            Assert.DoesNotContain("hidden", complaint, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_option_of_a_room_is_a_setting_but_those_that_the_program_decides()
    {
        string[] own = ["Gofer:Api:DevMode", "Gofer:Api:Scheduler", "Gofer:Worker:PublicUrl"];
        var options = Of<Gofer.Api.ApiOptions>(Gofer.Api.ApiOptions.Section).Concat(Of<Gofer.Worker.WorkerOptions>(Gofer.Worker.WorkerOptions.Section)).Except(own).ToList();
        Assert.True(options.Count > 10);
        Assert.Empty(options.Except(SettingTable.All.Select(s => s.Path)));
        Assert.Equal("GOFER_WORKER__STOP_GRACE", SettingTable.ByKey("worker.stop_grace")!.Variable);
        Assert.All(SettingTable.All.Where(s => s.Default is not null), s => Assert.Null(s.Complaint(s.Key, s.Default!)));

        static IEnumerable<string> Of<T>(string section) => typeof(T).GetProperties(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Instance).Where(p => p.CanWrite).Select(p => $"{section}:{p.Name}");
    }

    private void WriteContexts(string head) => File.WriteAllText(
        User, head + "[contexts.prod]\nserver = \"http://prod\"\nnamespace = \"prod-space\"\ntoken = \"prod-token\"\n[contexts.bare]\nserver = \"http://bare\"\n");
}
