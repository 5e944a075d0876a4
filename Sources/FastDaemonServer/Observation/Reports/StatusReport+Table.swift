extension StatusReport {
    var table: String {
        var text =
            "fastdaemond \(version), process \(process), up \(Amounts.duration(uptimeSeconds)), generation \(generation)\n"
        text += "\(connections) connections, \(loops) loops, \(threads) handler threads (\(idleThreads) idle), "
        text += "\(descriptors) of \(descriptorLimit) descriptors\n"
        text += "\(residentBytes / 1024) KiB resident, \(bufferBytes / 1024) KiB in buffers\n"
        text += "\(totals.calls) calls, \(totals.failures) failed, \(totals.refusals) refused; "
        text += "\(totals.running) running, \(totals.waiting) waiting, \(totals.overdue) overdue\n"
        for part in [calls, times, traffic, workerTable] where !part.isEmpty { text += "\n\(part)" }
        return text
    }

    /// How wide a name may be in a table.
    private static let nameWidth = 16

    private func name(_ command: Command) -> String { Amounts.name(command.name, Self.nameWidth) }

    private var calls: String {
        var table = TextTable(
            ["command", "calls", "failed", "refused", "running", "cancelled", "overdue", "waiting"], leftAligned: [0])
        for command in commands {
            let totals = command.totals
            let counts = [command.running, command.cancelled, command.overdue, command.waiting]
            table.add(
                [name(command)] + [totals.calls, totals.failures, totals.refusals].map(Amounts.count)
                    + counts.map { "\($0)" })
        }
        return table.text
    }

    /// Of the commands whose calls were timed.
    private var times: String {
        var table = TextTable(
            ["command", "ran p50", "p90", "p99", "max", "waited p50", "p90", "p99", "max"], leftAligned: [0])
        for command in commands where command.ran.count > 0 || command.queued.count > 0 {
            let times = [command.ran, command.queued].flatMap { [$0.p50, $0.p90, $0.p99, $0.max] }
            table.add([name(command)] + times.map(Amounts.span))
        }
        return table.isEmpty ? "" : table.text
    }

    private var traffic: String {
        var table = TextTable(["command", "runs", "in", "out", "failed by status"], leftAligned: [0, 1, 4])
        for command in commands {
            let totals = command.totals
            table.add([
                name(command), command.execution, Amounts.bytes(totals.bytesIn), Amounts.bytes(totals.bytesOut),
                Self.list(totals.statuses),
            ])
        }
        return table.text
    }

    /// `2: 13, 1: 4, ...`: the most frequent first, as many as there is room for.
    static func list(_ statuses: [String: UInt64]) -> String {
        let sorted = statuses.sorted { ($1.value, Int($0.key) ?? 0) < ($0.value, Int($1.key) ?? 0) }
        var text = ""
        for (status, count) in sorted {
            let part = "\(text.isEmpty ? "" : ", ")\(status): \(Amounts.count(count))"
            if text.count + part.count > 34 { return text + ", ..." }
            text += part
        }
        return text
    }

    private var workerTable: String {
        var table = TextTable(["plugin", "worker", "state", "calls", "resident"], leftAligned: [0, 2])
        for worker in workers {
            table.add([
                Amounts.name(worker.plugin, Self.nameWidth), "\(worker.process)",
                Amounts.name(worker.replaced ? "\(worker.state), replaced" : worker.state, 24),
                Amounts.count(worker.calls),
                Amounts.bytes(UInt64(worker.residentBytes)),
            ])
        }
        let lines = pools.compactMap { pool in pool.quarantine.map { "\(pool.plugin): \($0)" } }
        return (table.isEmpty ? "" : table.text) + lines.map(Self.folded).joined()
    }

    /// A text in lines of at most 80 columns.
    static func folded(_ text: String) -> String {
        var (lines, line) = ("", "")
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > 80 {
                lines += line + "\n"
                line = " "
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + line + "\n"
    }
}
