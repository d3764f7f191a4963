using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gofer.Tests.Integration.Startup;

/// <summary>A certificate for 127.0.0.1 and gofer.example with its key, in PEM.</summary>
internal sealed record Issued(string Certificate, string Key, string Serial);

/// <summary>An authority that nobody trusts but who is told to.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;

    public TestAuthority() => _root = Authority("CN=Test authority", _key).CreateSelfSigned(Now.AddDays(-30), Now.AddDays(30));

    /// <summary>Its own certificate.</summary>
    public string Pem => _root.ExportCertificatePem();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Makes a certificate that is valid until then, from then.</summary>
    public Issued Issue(TimeSpan? until = null, TimeSpan? from = null) => Issue(_root, _key, until ?? TimeSpan.FromDays(10), from ?? TimeSpan.FromDays(-2));

    /// <summary>Makes one that another authority, which this one made, stands behind.</summary>
    public Issued IssueBelow(out string between)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bare = Authority("CN=Test authority between", key).Create(_root, Now.AddDays(-20), Now.AddDays(20), RandomNumberGenerator.GetBytes(16));
        using var certificate = bare.CopyWithPrivateKey(key);
        between = certificate.ExportCertificatePem();
        return Issue(certificate, key, TimeSpan.FromDays(10), TimeSpan.FromDays(-2));
    }

    /// <summary>Trusts this authority alone.</summary>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(_root);
        return policy;
    }

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
    }

    private static Issued Issue(X509Certificate2 authority, ECDsa authorityKey, TimeSpan until, TimeSpan from)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gofer", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("gofer.example");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var certificate = request.Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(authorityKey), Now + from, Now + until, RandomNumberGenerator.GetBytes(16));
        return new Issued(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), certificate.SerialNumber);
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        return request;
    }
}
