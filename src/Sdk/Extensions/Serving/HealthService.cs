using Grpc.Core;
using Grpc.Health.V1;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>Serving, as soon as anybody is answered at all.</summary>
internal sealed class HealthService : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}
