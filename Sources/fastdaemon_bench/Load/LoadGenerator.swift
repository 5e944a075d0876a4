import Glibc

/// Sends the same request over many connections and times the replies, on one thread and one epoll instance.
///
/// The daemon under test needs the machine's other cores, and what the generator spends between a reply and its clock
/// would be taken for latency: so the requests are formatted once, a batch goes out in one send, replies are skipped by
/// their lengths, and nothing is allocated for a request.
struct LoadGenerator<C: Codec>: ~Copyable {
    let codec: C
    let endpoint: Endpoint
    let options: Options
    /// As many requests as may be under way on one connection, one after the other.
    let batch: [UInt8]
    let requestSize: Int
    let timeout: UInt64

    var connections: [Connection<C.Scanner>]
    /// Connections with room for a request.
    var free: IndexQueue
    /// When the owed requests of each connection were due: a ring of `options.pipeline` times for each.
    var dueTimes: [UInt64]
    let poller: Poller
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)

    var schedule: Schedule
    var tally = Tally()
    var issued = 0
    /// Requests answered or lost, those of the warm-up included.
    var finished = 0
    var connectFailuresInARow = 0
    var ending: Measurement.Ending?
    var isCounting = false
    var meter: Meter
    var progress: Progress

    /// Opens all connections.
    ///
    /// - Parameter interrupts: A descriptor that becomes readable when the run is to end early.
    /// - Throws: where one of the connections cannot be made, or the process of the options cannot be seen.
    init(
        _ options: Options, endpoint: Endpoint, codec: C, interrupts: Int32? = nil
    ) throws(ConnectionError) {
        poller = Poller(interrupts: interrupts)
        self.options = options
        self.endpoint = endpoint
        self.codec = codec
        requestSize = codec.request.count
        batch = Array(repeatElement(codec.request, count: options.pipeline).joined())
        timeout = UInt64(options.timeout * 1e9)
        connections = Array(repeating: Connection(scanner: codec.makeScanner()), count: options.connections)
        free = IndexQueue(capacity: options.connections)
        dueTimes = Array(repeating: 0, count: options.connections * options.pipeline)
        schedule = Schedule(options, start: 0)
        progress = Progress(isShown: !options.isQuiet)
        meter = Meter(process: options.processID)
        if let process = options.processID, meter.server == nil {
            throw ConnectionError(reason: "cannot see process \(process) of --pid: is it running, on this machine?")
        }
        for index in connections.indices {
            try open(index)
            try endpoint.finishConnecting(connections[index].descriptor, timeout: options.timeout)
            enqueue(index)
        }
        if meter.server == nil, let process = endpoint.peerProcess(of: connections[0].descriptor) {
            meter = Meter(process: process)
        }
    }

    deinit {
        for connection in connections where connection.isOpen { close(connection.descriptor) }
        buffer.deallocate()
    }

    /// Runs the whole schedule, or until it is interrupted or the daemon is gone.
    mutating func run() -> Measurement {
        var now = monotonicNow()
        schedule = Schedule(options, start: now)
        var nextTick = now
        while true {
            if now >= nextTick {
                tick(now)
                nextTick = now + 100_000_000
            }
            issue(at: now)
            guard !isDone(at: now) else { break }
            let count = poller.wait(nanoseconds: nextWake(after: now, tick: nextTick))
            for position in 0..<count {
                handle(poller[position])
            }
            now = monotonicNow()
        }
        progress.clear()
        countLeftOver(at: now)
        return meter.measurement(tally, ending: ending ?? .complete)
    }

    /// Counts what is owed, or due and not even sent, once the time limit after the end of the schedule is over.
    private mutating func countLeftOver(at now: UInt64) {
        guard ending == nil else { return }
        let lost = issued - finished + max(0, schedule.requestsDue(at: now) - issued)
        let timeout = options.timeout
        tally.count(.unanswered, requests: lost) { "no reply within \(timeout) s of the end" }
    }

    private func isDone(at now: UInt64) -> Bool {
        if ending != nil { return true }
        if let end = schedule.end, now > end + timeout { return true }
        return finished == issued && schedule.isOver(issued: issued, at: now)
    }

    /// How long nothing is to be done unless a connection becomes ready, in nanoseconds.
    private func nextWake(after now: UInt64, tick: UInt64) -> UInt64 {
        var next = tick
        if options.rate != nil, free.count > 0, !schedule.isOver(issued: issued, at: now) {
            next = min(next, schedule.dueTime(of: issued, at: now))
        } else if let end = schedule.end, end > now {
            next = min(next, end)
        }
        return next > now ? next - now : 0
    }

    private mutating func handle(_ event: Readiness) {
        guard event.index != Poller.interrupt else {
            ending = .interrupted
            return
        }
        guard connections[event.index].isOpen else { return }
        if event.isWritable {
            flush(event.index)
            enqueue(event.index)
        }
        if event.isReadable { receive(event.index, isEnding: event.isHungUp) }
    }

    /// Every 100 ms: what no event announces.
    private mutating func tick(_ now: UInt64) {
        startCountingIfDue(now)
        for index in connections.indices where connections[index].owed > 0 {
            if connections[index].lastActivity + timeout < now {
                let timeout = options.timeout
                fail(index, .unanswered) { "no reply within \(timeout) s" }
            }
        }
        progress.show(tally, isCounting: isCounting, seconds: meter.seconds(until: now))
    }

    /// Ends the warm-up once it is over: what was counted so far is forgotten.
    mutating func startCountingIfDue(_ now: UInt64) {
        guard !isCounting, schedule.isCounting(finished: finished, at: now) else { return }
        isCounting = true
        tally = Tally()
        meter.start(at: now)
    }
}
