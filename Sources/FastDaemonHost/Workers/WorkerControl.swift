import CLinux
import FastDaemonSystem
import Glibc

/// The worker's side of what it shares with the daemon that started it.
public enum WorkerControl {
    /// Where the daemon left the control socket, the library, and the settings.
    private static let (socket, library, settings): (Int32, Int32, Int32) = (3, 4, 5)

    /// Makes this process a worker: it gives up what it must not have, and ends with the daemon.
    ///
    /// - Parameter daemon: the number of the process that started this one.
    public static func begin(daemon: Int32) throws(IOError) {
        _ = try check(clinux_worker_begin(daemon), "become", "a worker of the daemon \(daemon)")
        _ = try check(clinux_crash_last_words(), "watch over", "a worker's crashes")
    }

    /// Reads the settings, and takes on the limits in them.
    public static func readSetup() throws(IOError) -> WorkerSetup {
        let descriptor = Descriptor(owning: settings)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try check(
                clinux_read_at(descriptor.number, &piece, piece.count, UInt64(bytes.count)), "read",
                "a worker's settings")
            if count == 0 { break }
            bytes += piece.prefix(count)
        }
        let setup: WorkerSetup
        do {
            setup = try WorkerSetup(bytes)
        } catch {
            throw IOError("read", "a worker's settings", because: "\(error)")
        }
        let calls = min(Int(setup.calls), setup.common.mostCalls)
        _ = try check(
            clinux_worker_limit(setup.common.memoryBytes, UInt64(calls), setup.common.descriptors), "limit",
            "a worker's memory and descriptors")
        return setup
    }

    /// The library that is to be loaded.
    public static func image(_ setup: WorkerSetup) -> LibraryImage {
        LibraryImage(adopting: Descriptor(owning: library), path: setup.libraryPath)
    }

    /// The control socket.
    public static func takeSocket() -> Descriptor { Descriptor(owning: socket) }

    /// Tells the daemon how loading went. Waits until it is told.
    public static func answer(_ answer: WorkerAnswer) throws(IOError) {
        for packet in MessagePackets.split(answer.bytes) {
            _ = try check(
                clinux_send_message(socket, packet, packet.count, -1, true), "answer",
                "the daemon that started this worker")
        }
    }
}
