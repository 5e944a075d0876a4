import Dispatch
import FastDaemonSystem
import Synchronization

/// Copies the libraries of a folder one after the other, on a thread of its own: while one is loaded, which is work of the
/// dynamic linker's, the next is read. It is no more than two ahead, because each copy takes memory and a descriptor.
public final class LibraryReader: Sendable {
    private let shelf: Shelf
    private let isAhead: Bool

    /// Begins.
    ///
    /// - Parameters:
    ///   - names: The file names, in the order in which they are asked for.
    ///   - digests: Whether the digest of what is mapped of each is computed ahead as well.
    public init(_ names: [String], in folder: consuming PluginFolder, digests: Bool) {
        let shelf = Shelf(names, in: folder, digests: digests)
        self.shelf = shelf
        // Where there are no threads to be had, each is read when it is asked for.
        isAhead = (try? startThread("read") { while shelf.fill() {} }) != nil
    }

    deinit {
        shelf.abandon()
    }

    /// Waits for the next library.
    ///
    /// - Throws: why that one cannot be had.
    public func next() throws(PluginError) -> LibraryImage {
        if !isAhead { _ = shelf.fill() }
        return try shelf.take().get()
    }
}

/// What was read and not taken yet, which the two threads share.
private final class Shelf: Sendable {
    private let folder: PluginFolder
    private let names: [String]
    private let digests: Bool

    private struct State {
        var read = 0
        var waiting: [Result<LibraryImage, PluginError>] = []
        var isAbandoned = false
    }

    private let state = Mutex(State())
    private let isRead = DispatchSemaphore(value: 0)
    private let hasRoom: DispatchSemaphore

    init(_ names: [String], in folder: consuming PluginFolder, digests: Bool) {
        self.folder = folder
        self.names = names
        self.digests = digests
        // Signalled instead of begun with 2: one that is released with less than it began with ends the process.
        hasRoom = DispatchSemaphore(value: 0)
        for _ in 0..<2 { hasRoom.signal() }
    }

    /// Reads the next library once there is room for it. Returns false where no more is to be read.
    func fill() -> Bool {
        hasRoom.wait()
        let name = state.withLock { state -> String? in
            if state.isAbandoned || state.read == names.count { return nil }
            defer { state.read += 1 }
            return names[state.read]
        }
        guard let name else { return false }
        let image = Result { () throws(PluginError) in try LibraryImage(name, in: folder) }
        if digests { _ = try? image.get().mappedDigest }
        state.withLock { $0.waiting.append(image) }
        isRead.signal()
        return true
    }

    func take() -> Result<LibraryImage, PluginError> {
        isRead.wait()
        defer { hasRoom.signal() }
        return state.withLock { $0.waiting.removeFirst() }
    }

    /// Nobody takes any more.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        hasRoom.signal()
    }
}
