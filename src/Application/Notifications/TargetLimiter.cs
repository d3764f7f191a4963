namespace Gofer.Application.Notifications;

/// <summary>
/// How many deliveries this process makes at a time: in all, to one host and for one notification, so that one slow target slows nobody else. It queues nothing and
/// so drops nothing: what it does not let in waits where it is stored. A loop fetches at most <see cref="Free"/> of what is due, without that of the notifications
/// that <see cref="Held"/> names, asks for each with <see cref="TryEnter"/>, and puts off by the wait what is not let in, which counts as no attempt. Safe to share.
/// </summary>
public sealed class TargetLimiter
{
    /// <summary>Deliveries at a time.</summary>
    public const int Together = 10;

    /// <summary>Deliveries at a time to one host.</summary>
    public const int PerHost = 2;

    /// <summary>Deliveries in any minute for one notification.</summary>
    public const int PerMinute = 60;

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    /// <summary>When to ask again where the end of a delivery is waited for: how long it takes nobody knows.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Recent> _notifications = new(StringComparer.Ordinal);
    private int _entered;

    /// <summary>How many more there may be at this moment.</summary>
    public int Free
    {
        get
        {
            lock (_lock) return Together - _entered;
        }
    }

    /// <summary>
    /// A pass, to be disposed of when the delivery is over; or null, and <paramref name="wait"/> says when to ask again.
    /// </summary>
    /// <param name="notification">What no other notification of the install has.</param>
    /// <param name="host">The address's host.</param>
    /// <param name="now">The time.</param>
    /// <param name="wait">Nothing where there is a pass.</param>
    public IDisposable? TryEnter(string notification, string host, DateTimeOffset now, out TimeSpan wait)
    {
        lock (_lock)
        {
            if (!_notifications.TryGetValue(notification, out var recent)) _notifications[notification] = recent = new Recent();
            (recent.Host, recent.AskedAt) = (host, now);
            recent.Forget(now);
            var atHost = _hosts.GetValueOrDefault(host);
            wait = recent.Times.Count >= PerMinute ? recent.Times.Peek() + s_minute - now
                : _entered >= Together || atHost >= PerHost ? s_soon
                : TimeSpan.Zero;
            if (wait > TimeSpan.Zero) return null;

            recent.Times.Enqueue(now);
            _hosts[host] = atHost + 1;
            _entered++;
            return new Pass(this, host);
        }
    }

    /// <summary>The notifications that would not be let in now: their minute is full, or the host to which they last went is.</summary>
    public IReadOnlyList<string> Held(DateTimeOffset now)
    {
        lock (_lock)
        {
            var held = new List<string>();
            foreach (var (notification, recent) in _notifications)
            {
                recent.Forget(now);
                if (recent.Times.Count >= PerMinute || _hosts.GetValueOrDefault(recent.Host) >= PerHost) held.Add(notification);
                else if (recent.Times.Count == 0 && now - recent.AskedAt >= s_minute) _notifications.Remove(notification);
            }

            return held;
        }
    }

    private void Leave(string host)
    {
        lock (_lock)
        {
            _entered--;
            var left = _hosts[host] - 1;
            if (left == 0) _hosts.Remove(host);
            else _hosts[host] = left;
        }
    }

    private sealed class Recent
    {
        public Queue<DateTimeOffset> Times { get; } = new();

        public string Host { get; set; } = "";

        public DateTimeOffset AskedAt { get; set; }

        public void Forget(DateTimeOffset now)
        {
            while (Times.TryPeek(out var first) && now - first >= s_minute) Times.Dequeue();
        }
    }

    private sealed class Pass(TargetLimiter limiter, string host) : IDisposable
    {
        private int _over;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _over, 1) == 0) limiter.Leave(host);
        }
    }
}
