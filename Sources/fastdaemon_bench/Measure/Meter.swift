import Glibc

/// What a run came to.
struct Measurement: Sendable {
    /// How the run came to its end.
    enum Ending: String, Sendable {
        case complete, interrupted
        /// The daemon could no longer be connected to.
        case unreachable
    }

    /// CPU and memory of the daemon.
    struct ServerUse: Sendable, Equatable {
        let process: Int32
        /// Nanoseconds of CPU during the counted part.
        let cpuTime: UInt64
        let residentKiB: Int
    }

    var tally = Tally()
    /// Length of the counted part.
    var seconds = 0.0
    /// Nanoseconds of CPU that the generator itself took.
    var ownCPUTime: UInt64 = 0
    /// nil where the process cannot be seen.
    var server: ServerUse?
    var ending = Ending.complete

    var requestsPerSecond: Double { seconds > 0 ? Double(tally.replies) / seconds : 0 }
    /// Microseconds of the daemon's CPU for each finished request.
    var serverMicroseconds: Double? { server.map { perRequest($0.cpuTime) } }
    var ownMicroseconds: Double { perRequest(ownCPUTime) }

    private func perRequest(_ nanoseconds: UInt64) -> Double {
        tally.finished > 0 ? Double(nanoseconds) / 1000 / Double(tally.finished) : 0
    }
}

/// Reads the clocks of the counted part: the wall's, the daemon's and the generator's own.
struct Meter: Sendable {
    let server: ServerProcess?
    private var started: UInt64?
    private var serverAtStart: UInt64?
    private var ownAtStart: UInt64 = 0

    init(process: Int32?) {
        server = process.flatMap { ServerProcess($0) }
    }

    mutating func start(at now: UInt64) {
        started = now
        serverAtStart = server?.cpuTime
        ownAtStart = readClock(CLOCK_PROCESS_CPUTIME_ID) ?? 0
    }

    /// Seconds of the counted part so far.
    func seconds(until now: UInt64) -> Double {
        started.map { now > $0 ? Double(now - $0) / 1e9 : 0 } ?? 0
    }

    /// The counted part ends with its last reply: what is waited for in vain after that would only make the rate small.
    func measurement(_ tally: Tally, ending: Measurement.Ending) -> Measurement {
        var use: Measurement.ServerUse?
        var server = server
        server?.findChildren()
        if let server, let serverAtStart, let cpuTime = server.cpuTime, let resident = server.residentKiB {
            use = .init(
                process: server.identifier, cpuTime: cpuTime - min(cpuTime, serverAtStart), residentKiB: resident)
        }
        return Measurement(
            tally: tally, seconds: seconds(until: tally.lastReply),
            ownCPUTime: (readClock(CLOCK_PROCESS_CPUTIME_ID) ?? 0) - ownAtStart, server: use,
            ending: ending)
    }
}
