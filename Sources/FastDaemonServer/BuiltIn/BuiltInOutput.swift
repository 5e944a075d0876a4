import CFastDaemonPlugin
import FastDaemonHost
import FastDaemonIO
import Synchronization

/// Where one of the daemon's own commands writes that goes on for a while: the call of a session, from one task on its loop.
///
/// What it writes goes no faster than the client takes it, so that a client which reads nothing costs no more than the
/// session's buffers.
///
/// `@unchecked Sendable`: but for `ring`, touched on its loop's thread alone.
final class BuiltInOutput: @unchecked Sendable {
    let loop: EventLoop
    private let call: SessionCall
    private let isRung = Atomic(false)
    private var waiter: UnsafeContinuation<Void, Never>?

    init(_ call: SessionCall, on loop: EventLoop) {
        self.call = call
        self.loop = loop
        call.onChange = { [weak self] in self?.ring() }
    }

    /// Whether anybody reads what is written.
    var isWanted: Bool { call.cancellationReason == 0 && !call.isClosed }

    /// The status to end with: where a signal ended it, the one that goes with that.
    var endStatus: Int32 {
        call.cancellationReason == CancellationReason.signal.rawValue ? 128 + call.lastSignalNumber : 0
    }

    /// The size of the terminal that standard output is; nil where it is none.
    var terminal: (columns: Int, rows: Int)? {
        var terminal = fastdaemon_terminal()
        call.fill(&terminal, of: 1)
        return terminal.is_terminal == 0 ? nil : (Int(terminal.columns), Int(terminal.rows))
    }

    /// Writes all of this, or as much as somebody reads.
    func write(_ bytes: [UInt8]) async {
        var written = 0
        while written < bytes.count, isWanted {
            let count = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return call.write(rest, to: UInt32(FASTDAEMON_STANDARD_OUTPUT), mayWait: false)
            }
            if count > 0 {
                written += Int(count)
            } else if count == FASTDAEMON_ERROR_AGAIN {
                await wait()
            } else {
                return
            }
        }
    }

    // MARK: - Waiting

    /// Has the task look around again. From any thread.
    func ring() {
        guard !isRung.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.execute { self.waiter.take()?.resume() }
    }

    /// Waits until there is something to look at: room, an end, or what else rings.
    func wait() async {
        while !isRung.exchange(false, ordering: .acquiringAndReleasing) {
            await withUnsafeContinuation { waiter = $0 }
        }
    }

    /// Waits likewise, but no longer than this.
    func wait(nanoseconds: UInt64) async {
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: loop) {
                await self.loop.sleep(nanoseconds: nanoseconds)
                // Otherwise there was something before, and the next wait is not to end by this.
                if !Task.isCancelled { self.ring() }
            }
            await wait()
            tasks.cancelAll()
        }
    }
}
