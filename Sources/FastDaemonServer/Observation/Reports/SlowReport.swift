import CLinux

/// What `daemon slow` tells. The names of its members are those of the JSON, and stay.
struct SlowReport: Report {
    struct Entry: Encodable {
        var call: UInt64
        var command: String
        var peer: String
        var status: Int32

        /// When it ended.
        var time: String
        var queuedSeconds: Double
        var ranSeconds: Double
    }

    var calls: [Entry]

    init(_ core: ServerCore, command: String?) {
        let now = clinux_now()
        self.init(core.slow.slowest(at: now, of: command), at: now)
    }

    /// - Parameter now: by the monotonic clock.
    init(_ calls: [SlowCall], at now: UInt64) {
        self.calls = calls.map { call in
            Entry(
                call: call.id, command: call.command, peer: "\(call.caller)", status: call.status,
                time: Timestamp.now(before: now > call.end ? now - call.end : 0),
                queuedSeconds: Double(call.queued) / 1e9, ranSeconds: Double(call.ran) / 1e9)
        }
    }

    var table: String {
        if calls.isEmpty { return "no call was timed in the last hour\n" }
        var table = TextTable(
            ["ended", "call", "command", "status", "waited", "ran", "peer"], leftAligned: [0, 2, 6])
        for call in calls {
            // The date is this day's or the one's before.
            table.add([
                "\(call.time.dropFirst(11).prefix(8))Z", "\(call.call)", Amounts.name(call.command, 16),
                "\(call.status)", Amounts.span(UInt64(call.queuedSeconds * 1e9)),
                Amounts.span(UInt64(call.ranSeconds * 1e9)), Amounts.name(call.peer, 20),
            ])
        }
        return table.text
    }
}
