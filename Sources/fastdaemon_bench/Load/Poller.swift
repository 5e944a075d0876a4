import CBench
import Glibc

/// An epoll instance whose registrations carry the index of a connection.
struct Poller: ~Copyable {
    /// The index under which the interrupt is reported.
    static let interrupt = Int(UInt32.max)
    private static let capacity = 256

    private let epoll: Int32
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// - Parameter interrupts: A descriptor whose readability is the interrupt; it stays the caller's.
    init(interrupts: Int32?) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        events = .allocate(capacity: Self.capacity)
        events.initialize(repeating: epoll_event())
        cbench_exact_waits()
        if let interrupts { cbench_epoll_add(epoll, interrupts, UInt32.max, 0) }
    }

    deinit {
        close(epoll)
        events.deallocate()
    }

    /// Reports readability and hang-ups of `descriptor`, and writability only where asked. Closing it ends that.
    func add(_ descriptor: Int32, index: Int, awaitsWritability: Bool) {
        cbench_epoll_add(epoll, descriptor, UInt32(index), awaitsWritability ? 1 : 0)
    }

    func change(_ descriptor: Int32, index: Int, awaitsWritability: Bool) {
        cbench_epoll_modify(epoll, descriptor, UInt32(index), awaitsWritability ? 1 : 0)
    }

    /// Waits up to `nanoseconds` and returns how many events `self[position]` then has.
    func wait(nanoseconds: UInt64) -> Int {
        max(0, Int(cbench_epoll_wait(epoll, events.baseAddress!, Int32(Self.capacity), Int64(nanoseconds))))
    }

    subscript(position: Int) -> Readiness {
        Readiness(index: Int(events[position].data.u32), flags: events[position].events)
    }
}

/// What epoll said of one connection.
struct Readiness {
    let index: Int
    let flags: UInt32

    var isWritable: Bool { flags & EPOLLOUT.rawValue != 0 }
    var isReadable: Bool { flags & EPOLLIN.rawValue != 0 || isHungUp }
    /// The peer has closed at least its sending half, so that what there is to read ends.
    var isHungUp: Bool { flags & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
}
