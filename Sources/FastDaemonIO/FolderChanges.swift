import CLinux
import FastDaemonSystem

/// Tells when something has changed in folders that are watched (inotify(7)).
///
/// `@unchecked Sendable`: all that changes is touched on the loop's thread alone.
public final class FolderChanges: @unchecked Sendable {
    private let registration: Registration
    private let loop: EventLoop

    /// The names in each folder that matter, by the number of its watch.
    private var names: [Int32: Set<String>] = [:]

    /// Whether folders were added when it was last said what to watch. What changed in them before, nobody tells of.
    public private(set) var hasNewFolders = false

    /// Watches no folder yet.
    public init(on loop: EventLoop) throws(IOError) {
        let watch = Descriptor(owning: try check(clinux_watch_create(), "create", "an inotify instance"))
        registration = Registration(watch, as: .source(isShared: false), on: loop)
        self.loop = loop
    }

    deinit {
        let registration = registration
        registration.loop.execute { registration.close() }
    }

    /// Watches for changes of files of these names, and of nothing else from now on. Loop thread only.
    ///
    /// - Parameter files: names by the path of their folder.
    /// - Returns: what cannot be watched.
    public func watch(_ files: [String: Set<String>]) -> [IOError] {
        let old = names
        names = [:]
        var failures: [IOError] = []
        for (folder, wanted) in files {
            let number = clinux_watch_folder(registration.number, folder)
            // Two paths of one folder have one number.
            if number >= 0 {
                names[number, default: []].formUnion(wanted)
            } else {
                failures.append(IOError("watch", folder, code: -number))
            }
        }
        hasNewFolders = names.keys.contains { old[$0] == nil }
        for number in old.keys where names[number] == nil { clinux_watch_forget(registration.number, number) }
        return failures
    }

    /// Waits until a file that is watched has changed, and then until none has for `quiet` nanoseconds, but not for longer than
    /// `patience`. Returns false once the task was cancelled.
    public func next(quiet: UInt64, patience: UInt64) async throws(IOError) -> Bool {
        let code = await withTaskCancellationHandler {
            if case .failure(let failure) = await hasChanged(before: 0) { return failure.code }
            let end = clinux_now() + patience
            while !Task.isCancelled, clinux_now() < end,
                case .success(true) = await hasChanged(before: min(end, clinux_now() + quiet))
            {}
            return 0
        } onCancel: {
            let registration = registration
            registration.loop.execute { registration.interrupt() }
        }
        if code != 0 { throw IOError("watch", "for changes", code: code) }
        return !Task.isCancelled
    }

    /// Why the changes cannot be waited for, as an errno.
    private struct Failure: Error {
        let code: Int32
    }

    /// Waits until one of the files has changed. False when the deadline has passed, or the wait was interrupted.
    private func hasChanged(before deadline: UInt64) async -> Result<Bool, Failure> {
        while true {
            var finding = Finding(names: names)
            let result = withUnsafeMutablePointer(to: &finding) { finding in
                clinux_watch_read(
                    registration.number,
                    { context, number, name in
                        context!.assumingMemoryBound(to: Finding.self).pointee.take(number, String(cString: name!))
                    }, finding)
            }
            if result == 0 {
                if finding.hasChanged { return .success(true) }
                continue
            }
            registration.clearReadable()
            switch await registration.waitUntilReadable(deadline: deadline) {
            case .ready: break
            case .timedOut, .interrupted: return .success(false)
            case .failed(let code): return .failure(Failure(code: code))
            }
        }
    }

    private struct Finding {
        let names: [Int32: Set<String>]
        var hasChanged = false

        mutating func take(_ number: Int32, _ name: String) {
            // Changes that were lost may have been any.
            if number < 0 || name.isEmpty || names[number]?.contains(name) == true { hasChanged = true }
        }
    }
}
