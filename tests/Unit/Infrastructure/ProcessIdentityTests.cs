using Gofer.Infrastructure.Schedulers.Process;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void Whoever_began_a_process_stands_before_it_whatever_their_numbers() =>
        Assert.Equal([900, 5, 12, 10], ProcessIdentity.ParentsFirst(new Dictionary<int, int> { [10] = 12, [12] = 5, [5] = 900, [900] = 1 }));

    [Fact]
    public void Processes_that_say_to_have_begun_each_other_are_all_there() =>
        Assert.Equal([1, 2, 3], ProcessIdentity.ParentsFirst(new Dictionary<int, int> { [1] = 2, [2] = 1, [3] = 1 }).Order());
}
