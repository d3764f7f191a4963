using System.Data.Common;
using System.Reflection;
using FluentValidation;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;
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

/// <summary>
/// Runs a use case again that lost a race: another writer changed a row that it had loaded, or made the one that it wanted to make. It
/// then sees what the winner wrote, so what it answers is true; only a caller who demands a revision gets to know of the race.
/// </summary>
internal sealed class RaceBehavior<TRequest, TResponse>(IGoferDb db) : IPipelineBehavior<TRequest, TResponse>
    where TRequest : IRequest<TResponse>
    where TResponse : IFailable<TResponse>
{
    /// <summary>Somebody wins every race, so among n writers none loses more than n - 1 in a row; this many is a defect.</summary>
    private const int Tries = 50;

    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        for (var left = Tries; ; left--)
        {
            try
            {
                return await next();
            }
            catch (DbUpdateException e) when (left > 1 && IsLostRace(e))
            {
                db.Forget();
            }
        }
    }

    private static bool IsLostRace(DbUpdateException e) =>
        e is DbUpdateConcurrencyException || e.InnerException is DbException { SqlState: UniqueViolation };

    /// <summary>The SQL standard's class 23, unique_violation.</summary>
    private const string UniqueViolation = "23505";
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
        services.AddScoped(typeof(IPipelineBehavior<,>), typeof(RaceBehavior<,>));
        services.AddSingleton<TokenDirectory>();
        services.AddScoped<CurrentCaller>();
        services.AddScoped(provider => provider.GetRequiredService<CurrentCaller>().Caller);
        services.AddScoped<AuditTrail>();
        services.AddScoped<Secrets.SecretChanges>();
        services.AddScoped<Pipelines.DocumentSettings>();
        services.AddScoped<SharedTasks.SharedTaskUses>();
        services.AddSingleton<Denials>();
        services.AddSingleton<AuditFollower>();
        services.AddScoped<ServiceFactory>(provider => provider.GetRequiredService);
        services.AddScoped<IMediator, Mediator>();
        services.AddSingleton<Runs.RunFollower>();
        services.AddSingleton<Logs.LogReader>();
        return services;
    }
}
