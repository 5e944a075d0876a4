import CLinux
import FastDaemonIO
import FastDaemonSystem
import Glibc

/// A process that was started to take this one's place, and is not ready yet.
struct Successor: Sendable {
    /// Its process number.
    let process: Int32

    private let channel: Connection
    private let watch: ProcessWatch

    /// How its start went.
    enum Outcome {
        /// It listens, with what it says of itself.
        case ready(status: String)

        /// It does not, and has ended, with the reason as a clause.
        case failed(String)
    }

    /// Starts `program` with this process's environment, the variables of the service manager, and the listeners' sockets.
    ///
    /// - Parameters:
    ///   - isSibling: whether it is to be a child of this process's parent. A service manager waits for the end of nobody but its
    ///     own children: systemd, told to stop a service whose main process is another's child, kills that at once.
    ///   - sockets: each with the name that the service manager gave it, or nil.
    static func start(
        _ program: String, _ words: [String], environment: [String], isSibling: Bool = false,
        sockets: [(listener: Listener, name: String?)], on loop: EventLoop
    ) throws(IOError) -> Successor {
        var ends: (Int32, Int32) = (0, 0)
        let made = withUnsafeMutableBytes(of: &ends) {
            clinux_channel($0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        _ = try check(made, "open a channel to", program)
        let channel = Connection(Descriptor(owning: ends.0), on: loop)
        // The child's end: closed here when it has one, so that its end is noticed.
        let childsEnd = Descriptor(owning: ends.1)
        var inheritance = Inheritance([.init(number: childsEnd.number, kind: .predecessor)])
        for (listener, name) in sockets {
            let (socket, lock) = listener.numbers
            inheritance.entries.append(.init(number: socket, kind: name.map { .activated($0) } ?? .bound))
            if let lock { inheritance.entries.append(.init(number: lock, kind: .lock)) }
        }
        let variable = "\(Inheritance.variable)=\(inheritance.text(parent: isSibling ? getppid() : getpid()))"
        let numbers = inheritance.entries.map(\.number)
        var watch: Int32 = -1
        let started = withCStrings(words) { words in
            withCStrings(environment + [variable]) { variables in
                clinux_start_successor(
                    program, words, variables, numbers, Int32(numbers.count), isSibling ? 1 : 0, &watch)
            }
        }
        let process = try check(started, "start", program)
        return Successor(
            process: process, channel: channel, watch: ProcessWatch(owning: Descriptor(owning: watch), on: loop))
    }

    /// Waits until it is ready, or ends, or takes too long. In the latter case it is killed: nothing that it would do about
    /// its end may touch the sockets that this process goes on with.
    func waitUntilReady(seconds: Int) async -> Outcome {
        let loop = channel.loop
        channel.keepReading()
        let deadline = clinux_now() + UInt64(seconds) * 1_000_000_000
        var said: [UInt8] = []
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        // Its end is not always that of the channel, which what it has started may hold still.
        let watching = Task(executorPreference: loop) { if await watch.waitForEnd() { channel.interrupt() } }
        defer {
            room.deallocate()
            watching.cancel()
            channel.close()
        }
        do throws(ConnectionError) {
            while true {
                let count = try await channel.receive(into: room, deadline: deadline)
                if count == 0 { break }
                said += room[..<count]
                let lines = String(decoding: said, as: UTF8.self).split(
                    separator: "\n", omittingEmptySubsequences: false)
                let status = lines.dropLast().first { $0.hasPrefix("STATUS=") }
                if lines.contains("READY=1"), let status { return .ready(status: String(status.dropFirst(7))) }
            }
        } catch {
            clinux_kill_successor(watch.number)
            _ = await end(on: loop)
            return .failed("it was not ready after \(seconds) s, and was killed")
        }
        return .failed(await end(on: loop))
    }

    /// Waits for its end, which is near. Returns what came of it, as a clause.
    private func end(on loop: EventLoop) async -> String {
        var status: Int32 = 0
        for _ in 0..<200 {
            let result = clinux_successor_end(process, watch.number, &status)
            if result < 0 { return "it ended, and how is not known here" }
            if result > 0 {
                let signal = status & 0x7F
                return signal == 0 ? "it ended with status \(status >> 8 & 0xFF)" : "it was ended by signal \(signal)"
            }
            await loop.sleep(nanoseconds: 5_000_000)
        }
        clinux_kill_successor(watch.number)
        return "it let go of this daemon before it was ready, and was killed"
    }
}
