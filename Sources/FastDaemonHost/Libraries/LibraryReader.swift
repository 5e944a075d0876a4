import Dispatch
import FastDaemonSystem
import Synchronization

/// Copies the libraries of a folder one after the other, on a thread of its own: while one is loaded, which is work of the
/// dynamic linker's, the next is read.
public final class LibraryReader: Sendable {
    private let folder: PluginFolder
    private let names: [String]
    private let digests: Bool

    /// What was read and not taken yet.
    private let waiting = Mutex<[Result<LibraryImage, PluginError>]>([])
    private let isRead = DispatchSemaphore(value: 0)

    /// Begins.
    ///
    /// - Parameters:
    ///   - names: The file names, in the order in which they are asked for.
    ///   - digests: Whether the digest of each is computed ahead as well.
    public init(_ names: [String], in folder: consuming PluginFolder, digests: Bool) {
        self.folder = folder
        self.names = names
        self.digests = digests
        // Where there are no threads to be had, all are read before the first is loaded.
        do { try startThread("read", readAll) } catch { readAll() }
    }

    /// Waits for the next library.
    ///
    /// - Throws: why that one cannot be had.
    public func next() throws(PluginError) -> LibraryImage {
        isRead.wait()
        return try waiting.withLock { $0.removeFirst() }.get()
    }

    private func readAll() {
        for name in names {
            let image = Result { () throws(PluginError) in try LibraryImage(name, in: folder) }
            if digests { _ = try? image.get().digest }
            waiting.withLock { $0.append(image) }
            isRead.signal()
        }
    }
}
