import Synchronization

/// All that one config makes the daemon serve. A reload puts another in its place; the calls that go on finish in the one that
/// they began in.
final class Generation: Sendable {
    /// 1 for the one that the daemon started with.
    let number: Int

    let configuration: Configuration
    let plugins: [HostedPlugin]
    let routing: RoutingTable

    init(number: Int, _ configuration: Configuration, plugins: [HostedPlugin], routing: RoutingTable) {
        self.number = number
        self.configuration = configuration
        self.plugins = plugins
        self.routing = routing
    }
}

/// Which generation the daemon serves at this moment.
///
/// The loops look at it in every call, so they count no reference to what they find: what they borrow is theirs until they come
/// back to their own work, and who replaces a generation waits until each of them has.
final class CurrentGeneration: Sendable {
    private let generation: Atomic<UInt>
    private let limitsPlace: Atomic<UInt>

    init(_ generation: Generation) {
        limitsPlace = Atomic(Self.immortal(generation.configuration.limits))
        self.generation = Atomic(UInt(bitPattern: Unmanaged.passRetained(generation).toOpaque()))
    }

    deinit {
        Unmanaged<Generation>.fromOpaque(pointer).release()
    }

    /// Puts another in its place. Who calls this holds the one before until each loop has let go of it.
    func replace(with next: Generation) {
        limitsPlace.store(Self.immortal(next.configuration.limits), ordering: .releasing)
        let place = UInt(bitPattern: Unmanaged.passRetained(next).toOpaque())
        let old = generation.exchange(place, ordering: .acquiringAndReleasing)
        Unmanaged<Generation>.fromOpaque(UnsafeRawPointer(bitPattern: old)!).release()
    }

    /// The generation. On a loop.
    var value: Generation { Unmanaged<Generation>.fromOpaque(pointer).takeUnretainedValue() }

    /// Lends the routes. On a loop.
    func withRouting<Result>(_ body: (RoutingTable) -> Result) -> Result {
        Unmanaged<Generation>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0.routing) }
    }

    private var pointer: UnsafeRawPointer {
        UnsafeRawPointer(bitPattern: generation.load(ordering: .acquiring)).unsafelyUnwrapped
    }

    /// Where the limits stand. From any thread.
    var limits: UnsafePointer<Limits> {
        UnsafePointer(bitPattern: limitsPlace.load(ordering: .acquiring)).unsafelyUnwrapped
    }

    /// Limits are looked at from every thread, so nobody could tell when they may be freed. There are as many as reloads, and
    /// one takes less than a kilobyte.
    private static func immortal(_ limits: Limits) -> UInt {
        let pointer = UnsafeMutablePointer<Limits>.allocate(capacity: 1)
        pointer.initialize(to: limits)
        let place = UInt(bitPattern: pointer)
        immortals.withLock { $0.append(place) }
        return place
    }

    /// Where they are, so that who looks for memory that was lost does not find them.
    private static let immortals = Mutex<[UInt]>([])
}
