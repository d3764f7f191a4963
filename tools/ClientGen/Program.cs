using System.Text.Json;
using Gofer.ClientGen;

// usage: clientgen OPENAPI.json FOLDER
if (args.Length != 2)
{
    Console.Error.WriteLine("usage: clientgen OPENAPI.json FOLDER");
    return 2;
}

using var document = JsonDocument.Parse(await File.ReadAllTextAsync(args[0]));
Directory.CreateDirectory(args[1]);
foreach (var (name, text) in ClientGenerator.Generate(document.RootElement)) await File.WriteAllTextAsync(Path.Combine(args[1], name), text);
return 0;
