using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Objects.S3;

/// <summary>
/// Bytes in a bucket of an S3-compatible store, as pieces <c>PREFIX/ID/NUMBER</c> and not as one upload of many parts: the simplest servers know
/// what it asks for, and what a crash leaves is listed and deleted like all else.
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    /// <summary>Bytes of a piece: what is held in memory of an upload.</summary>
    internal const int Piece = 8 << 20;

    private readonly S3Options _options;
    private readonly AmazonS3Client _client;

    public S3ObjectStore(S3Options options)
    {
        _options = options;
        var config = new AmazonS3Config
        {
            AuthenticationRegion = options.Region,
            ForcePathStyle = options.Endpoint is not null,
            // Simple servers know no other checksum than the signature's.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            Timeout = TimeSpan.FromMinutes(2),
            MaxErrorRetry = 2,
        };
        if (options.Endpoint is { } endpoint) config.ServiceURL = endpoint.ToString();
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        _client = options.Key is { } key ? new AmazonS3Client(new BasicAWSCredentials(key.Id, key.Secret), config) : new AmazonS3Client(config);
    }

    /// <inheritdoc/>
    public string Place => $"s3 {_options.Endpoint?.ToString() ?? "AWS"} {_options.Bucket}/{_options.Prefix}";

    public void Dispose() => _client.Dispose();

    /// <inheritdoc/>
    public Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken) => Pieces.WriteAsync(
        content, Piece,
        (number, bytes, token) => GuardAsync(async () =>
        {
            // The pieces are of one array, which is not copied.
            _ = MemoryMarshal.TryGetArray(bytes, out var piece);
            using var stream = new MemoryStream(piece.Array!, piece.Offset, piece.Count, writable: false);
            await _client.PutObjectAsync(
                new PutObjectRequest { BucketName = _options.Bucket, Key = KeyOf(blob, number), InputStream = stream, UseChunkEncoding = false, AutoCloseStream = false }, token);
            return true;
        }),
        cancellationToken);

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken) => Pieces.OpenAsync(
        Piece, offset,
        (number, from, token) => GuardAsync<Stream?>(async () =>
        {
            try
            {
                var request = new GetObjectRequest { BucketName = _options.Bucket, Key = KeyOf(blob, number) };
                if (from > 0) request.ByteRange = new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes={from}-"));
                return new StoreStream((await _client.GetObjectAsync(request, token)).ResponseStream, Away);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode is "NoSuchKey" or "NotFound")
            {
                return null;
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return Stream.Null; // right behind the last byte
            }
        }),
        cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(BlobId blob, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        while (true)
        {
            var list = await _client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = $"{FolderOf(blob)}/", MaxKeys = 1000 }, cancellationToken);
            if (list.S3Objects is not { Count: > 0 } pieces) return true;
            foreach (var piece in pieces) await _client.DeleteObjectAsync(_options.Bucket, piece.Key, cancellationToken);
        }
    });

    private async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or TimeoutException)
        {
            throw Away(e);
        }
    }

    private StoreUnavailableException Away(Exception e) => new($"S3 at {_options.Endpoint?.ToString() ?? "AWS"}, bucket '{_options.Bucket}': {e.Message}", e);

    private string FolderOf(BlobId blob) => $"{_options.Prefix}/{blob}";

    private string KeyOf(BlobId blob, int number) => string.Create(CultureInfo.InvariantCulture, $"{FolderOf(blob)}/{number:000000}");
}
