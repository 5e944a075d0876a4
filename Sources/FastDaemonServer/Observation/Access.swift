import CLinux
import FastDaemonHost

/// What is noted of a call when it ended: who called what, how it ended, how long it waited and ran, and how much went in and
/// out. Times are in nanoseconds.
struct Access {
    var command: String
    var id: UInt64
    var caller: Caller
    var status: Int32
    var queued: UInt64 = 0
    var ran: UInt64 = 0
    var bytesIn = 0
    var bytesOut = 0

    var line: Log.Line {
        Log.Line(
            .info, "call",
            [
                ("command", .text(command)), ("call", .number(Int(truncatingIfNeeded: id))),
                ("peer", .text("\(caller)")), ("status", .number(Int(status))),
                ("queued_us", .number(Int(queued / 1000))),
                ("ran_us", .number(Int(ran / 1000))), ("bytes_in", .number(bytesIn)), ("bytes_out", .number(bytesOut)),
            ])
    }
}

extension ServerCore {
    /// Whether anybody wants to know of each call.
    var notesAccesses: Bool { logsCalls && (log.writes(.info) || accesses.hasReaders) }

    /// One line a call.
    func logAccess(
        _ running: RunningCall, status: Int32, begin: UInt64, end: UInt64, bytesIn: Int = 0, bytesOut: Int = 0
    ) {
        guard notesAccesses else { return }
        note(
            Access(
                command: running.route.name, id: running.call.id, caller: running.call.caller, status: status,
                queued: begin - running.received, ran: end - begin, bytesIn: bytesIn, bytesOut: bytesOut))
    }

    /// The line of a request that the daemon answered itself.
    func logAccess(command: String, id: UInt64, _ source: any CallerSource, status: Int32, bytesOut: Int = 0) {
        guard notesAccesses else { return }
        note(Access(command: command, id: id, caller: source.caller, status: status, bytesOut: bytesOut))
    }

    func note(_ access: Access) {
        let line = access.line
        log.write(line)
        accesses.offer(line)
    }
}
