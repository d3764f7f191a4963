using System.Reflection;
using FluentValidation;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Common;

/// <summary>Judges a request before its handler sees it; every complaint at once, each with its JSON pointer.</summary>
internal sealed class ValidationBehavior<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators) : IPipelineBehavior<TRequest, TResponse>
    where TRequest : IRequest<TResponse>
    where TResponse : IFailable<TResponse>
{
    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        var faults = new List<Fault>();
        foreach (var validator in validators)
        {
            var judged = await validator.ValidateAsync(request, cancellationToken);
            faults.AddRange(judged.Errors.Select(e => new Fault(e.PropertyName, e.ErrorMessage)));
        }

        return faults.Count == 0 ? await next() : TResponse.Fail(Error.Invalid(faults));
    }
}

/// <summary>What the use cases need.</summary>
public static class ApplicationServices
{
    /// <summary>Handlers and validators, found by their interfaces, and the mediator over them.</summary>
    public static IServiceCollection AddGoferApplication(this IServiceCollection services)
    {
        var assembly = typeof(ApplicationServices).Assembly;
        foreach (var type in assembly.GetTypes().Where(t => t is { IsAbstract: false, IsInterface: false }))
        {
            foreach (var contract in type.GetInterfaces().Where(i => i.IsGenericType))
            {
                var open = contract.GetGenericTypeDefinition();
                if (open == typeof(IRequestHandler<,>)) services.AddScoped(contract, type);
                if (open == typeof(IValidator<>)) services.AddSingleton(contract, type);
            }
        }

        services.AddScoped(typeof(IPipelineBehavior<,>), typeof(ValidationBehavior<,>));
        services.AddScoped<ServiceFactory>(provider => provider.GetRequiredService);
        services.AddScoped<IMediator, Mediator>();
        services.AddSingleton<Runs.RunFollower>();
        services.AddSingleton<Logs.LogReader>();
        return services;
    }
}
