import FastDaemonIO
import FastDaemonSystem
import Foundation
import TestSupport
import Testing

@testable import FastDaemonHost
@testable import FastDaemonServer

@Suite("What a worker is told of its call", .timeLimit(.minutes(1))) final class WorkerRelayTests {
    private let loop: EventLoop
    private let pool: WorkerPool
    private let plugin: Plugin

    /// A plugin, and a pool of workers for it none of which is started.
    init() throws {
        loop = try EventLoopGroup(count: 1).loops[0]
        let folder = try DaemonFolder(libraries: ["Echo"])
        let image = try LibraryImage("libEcho.so", in: PluginFolder(at: folder.file("plugins")))
        let limits = Configuration(file: "").limits
        let host = try PluginHost(limits, log: Log(LogConfiguration()), loop: nil, loopCount: 1)
        plugin = try Plugin(image, name: nil, options: "{}", services: host.services)
        let common = WorkerSetup.Common(
            memoryBytes: 0, descriptors: 0, recordBytes: 0, replyBytes: 0, bufferBytes: 0, logLevel: .error,
            logsJSON: false)
        let setup = WorkerSetup(image: image, name: nil, options: "{}", calls: 1, common: common)
        let settings = WorkerSettings(processes: 1, callsPerWorker: 0, idleMemoryBytes: 0, setup: setup)
        pool = try WorkerPool(settings.machine, image: image, setup: setup, name: "echo", log: host.log)
    }

    deinit { plugin.destroy() }

    @Test("That the caller is gone, also where it went between its signal and the call's place in the worker")
    func goneBefore() async throws {
        let call = Call()
        call.prepare(plugin.commands[0], id: 7)
        let (ours, theirs) = try socketPair(SOCK_SEQPACKET)
        defer { close(theirs) }
        // Whoever ended it would be told that there is no such process.
        let process = WorkerProcess(
            number: 1, processID: .max, control: Descriptor(owning: ours), watch: Descriptor(owning: dup(ours)))
        let (loop, pool) = (loop, pool)
        let begins = Task(executorPreference: loop) {
            let relay = WorkerRelay(call, on: loop, pool, ByteBudget(limit: .max), grace: 1_000_000_000)
            relay.listen()
            call.signal(SIGINT, cancels: true)
            relay.hangUp()
            defer { relay.finish() }
            return try relay.begin(in: WorkerPool.Lease(ticket: call.id, process: process))
        }
        #expect(try await begins.value)
        var orders: [WorkerOrder] = []
        while let order = receiveOrder(theirs) { orders.append(order) }
        guard case .call(let order)? = orders.first else { throw TestFailure("\(orders)") }
        #expect(order.id == 7)
        #expect(orders.dropFirst() == [.cancel(call: 7, .hangup)])
        loop.stop()
    }

    /// The next order, of those that were sent.
    private func receiveOrder(_ socket: Int32) -> WorkerOrder? {
        var packet = [UInt8](repeating: 0, count: MessagePackets.longest)
        let count = recv(socket, &packet, packet.count, Int32(MSG_DONTWAIT))
        return count > 0 ? WorkerOrder(Array(packet[1..<count])) : nil
    }
}
