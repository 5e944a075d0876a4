import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol

/// Serves a datagram socket: one request a datagram, one reply datagram to its sender.
extension RecordService {
    func serve(_ socket: DatagramSocket, of listener: OpenListener) async {
        await withDiscardingTaskGroup { calls in
            while let datagram = await socket.next() { answer(datagram, on: socket, listener.configuration, &calls) }
        }
    }

    private func answer(
        _ datagram: Datagram, on socket: DatagramSocket, _ listener: ListenerConfiguration,
        _ calls: inout DiscardingTaskGroup
    ) {
        let sender = DatagramSender(datagram, isUnix: listener.address.isUnix)
        core.lastActivity.store(loop.now, ordering: .relaxed)
        let start = inlineCall.output.count
        let dispatched = datagram.bytes.withUnsafeBytes { bytes in
            do throws(RecordError) {
                if datagramCalls >= Self.mostDatagramCalls {
                    appendError("busy: \(datagramCalls) calls that came as datagrams are under way; try again later")
                    return StartedCall?.none
                }
                if datagram.isCut {
                    appendError("the datagram is longer than \(core.limits.datagramBytes) bytes (limits.datagramBytes)")
                    return StartedCall?.none
                }
                let bounds = try RecordScanner.scanDatagram(bytes.bytes, limit: core.limits.datagramBytes)
                let first = UnsafeRawBufferPointer(rebasing: bytes[bounds.first])
                let second = UnsafeRawBufferPointer(rebasing: bytes[bounds.second])
                let request = listener.dialect == .standard ? (first, second) : (second, first)
                return dispatch(request.0, input: request.1, listener.dialect, from: sender)
            } catch {
                appendError("not a record: \(error)")
                return nil
            }
        }
        guard let started = dispatched else {
            let reply = takeReply(from: start)
            calls.addTask(executorPreference: loop) { await self.send(reply, on: socket, to: sender) }
            return
        }
        datagramCalls += 1
        calls.addTask(executorPreference: loop) {
            let reply = await self.finish(started)
            self.datagramCalls -= 1
            self.core.lastActivity.store(self.loop.now, ordering: .relaxed)
            await self.send(Array(reply.bytes), on: socket, to: sender)
        }
    }

    /// How many calls that came as datagrams may be under way: no connection bounds them.
    private static let mostDatagramCalls = 256

    /// Takes the reply at the end of the loop's output out of it, behind those of connections.
    private func takeReply(from start: Int) -> [UInt8] {
        defer { inlineCall.output.truncate(to: start) }
        return Array(inlineCall.output.bytes[start...])
    }

    /// How long a receiver may be too slow to take a datagram before it loses it, in nanoseconds.
    private static let patience = nanoseconds(5)

    private func send(_ reply: [UInt8], on socket: DatagramSocket, to sender: DatagramSender) async {
        var reply = reply
        if reply.count > core.limits.datagramBytes {
            let start = inlineCall.output.count
            appendError(
                "the reply is \(reply.count) bytes long, and a datagram has \(core.limits.datagramBytes) at most "
                    + "(limits.datagramBytes); use a stream socket")
            reply = takeReply(from: start)
        }
        do {
            try await socket.send(reply, to: sender.address, patience: Self.patience)
        } catch {
            core.log.write(
                .info, "a reply could not be sent",
                [("peer", .text("\(sender.caller)")), ("reason", .text("\(error)"))])
        }
    }
}

/// Who sent a datagram.
private final class DatagramSender: CallerSource {
    let address: SocketAddress
    let caller: Caller

    init(_ datagram: Datagram, isUnix: Bool) {
        address = datagram.sender
        caller = Caller(transport: isUnix ? 3 : 4, address: Printable.line("\(datagram.sender)"))
    }
}
