import CLinux
import FastDaemonSystem
import Synchronization

/// Writes lines to standard error from a thread of its own, so that whoever logs never waits: a reader of the log that has
/// stopped must not stop the daemon. Lines that find no room are counted, and the count is written when there is room again.
///
/// `@unchecked Sendable`: `bell` is used by its atomic accesses alone, the rest guards itself.
final class LogWriter: @unchecked Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var lost = 0
        /// How the last one of those was to be written.
        var lostAsJSON = false
        var isWriting = false
    }

    private let state = Mutex(State())
    private let bell: UnsafeMutablePointer<UInt32>

    /// Where no thread was to be had, whoever logs writes.
    private var hasThread = true

    /// How much may wait to be written, in bytes.
    private static let room = 1 << 20

    /// The process has one, for it has one standard error.
    static let shared = LogWriter()

    private init() {
        bell = .allocate(capacity: 1)
        bell.initialize(to: 0)
        do { try startThread("log", run) } catch { hasThread = false }
    }

    /// Has a line written.
    func write(_ line: Log.Line, asJSON isJSON: Bool) {
        let text = line.text(asJSON: isJSON)
        state.withLock { state in
            if state.bytes.count + text.utf8.count > Self.room {
                state.lost += 1
                state.lostAsJSON = isJSON
            } else {
                state.bytes.append(contentsOf: text.utf8)
            }
        }
        if hasThread { ring() } else { writeWhatWaits() }
    }

    private func ring() {
        clinux_store_release(bell, 1)
        clinux_wake_one(bell)
    }

    private func run() {
        while true {
            while clinux_load_acquire(bell) == 0 { clinux_wait_while(bell, 0) }
            clinux_store_release(bell, 0)
            writeWhatWaits()
        }
    }

    private func writeWhatWaits() {
        while let bytes = next() { Self.writeAll(bytes) }
    }

    /// Takes what waits to be written; nil where nothing does.
    private func next() -> [UInt8]? {
        state.withLock { state in
            state.isWriting = !state.bytes.isEmpty || state.lost > 0
            guard state.isWriting else { return nil }
            var bytes: [UInt8] = []
            swap(&bytes, &state.bytes)
            if state.lost > 0 {
                let line = Log.Line(.warning, "\(state.lost) lines of the log were lost", [])
                bytes += Array(line.text(asJSON: state.lostAsJSON).utf8)
                state.lost = 0
            }
            return bytes
        }
    }

    private static func writeAll(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { clinux_write(2, $0.baseAddress! + written, bytes.count - written) }
            // EAGAIN: standard error is a non-blocking pipe or terminal that is full. Anything else: there is nobody.
            if count == -11 { clinux_sleep(10_000_000) } else if count < 0 { return }
            written += max(0, Int(count))
        }
    }

    /// Waits until everything was written, but no longer than a moment: for the end of the process.
    func drain() {
        for _ in 0..<100 {
            if state.withLock({ $0.bytes.isEmpty && !$0.isWriting }) { return }
            clinux_sleep(5_000_000)
        }
    }
}
