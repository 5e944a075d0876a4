import FastDaemonIO
import FastDaemonSystem

/// Reloading when something has changed, without being told to.
extension Reloader {
    /// How long nothing may change before what has changed is taken up, and how long that is waited for, in nanoseconds.
    private static let quiet: UInt64 = 200_000_000
    private static let patience: UInt64 = 2_000_000_000

    /// Reloads whenever the config, or a library that it lists, has changed and settled, for as long as the config says so. On
    /// the first loop; until the task is cancelled.
    func watch() async {
        var changes: FolderChanges?
        var reloads = reloaded.makeAsyncIterator()
        while !Task.isCancelled {
            let configuration = core.generation.configuration
            guard configuration.watch else {
                changes = nil
                await reloads.next()
                continue
            }
            do throws(IOError) {
                let isFirst = changes == nil
                let watched = if let changes { changes } else { try FolderChanges(on: loops.loops[0]) }
                changes = watched
                for failure in watched.watch(files(of: configuration)) where matters(failure, configuration) {
                    core.log.write(.warning, "\(failure)")
                }
                // A folder that was made anew may have been filled before it was watched.
                if !isFirst, watched.hasNewFolders {
                    _ = await reload()
                } else if try await watched.next(quiet: Self.quiet, patience: Self.patience) {
                    _ = await reload()
                }
            } catch {
                core.log.write(.warning, "changes are not taken up by themselves: \(error)")
                await reloads.next()
            }
        }
    }

    /// The names of the files and links that matter, by the paths of their folders.
    private func files(of configuration: Configuration) -> [String: Set<String>] {
        var files = [parentFolder(of: configuration.file): Set([lastComponent(of: configuration.file)])]
        func add(_ path: String) {
            for (folder, name) in PathSteps.of(path) { files[folder, default: []].insert(name) }
        }
        add(configuration.file)
        // One that was refused may have lacked a library that is to come yet.
        for configuration in [configuration, lastRead.withLock { $0 } ?? configuration] {
            files[configuration.pluginDirectory, default: []].formUnion(configuration.plugins.map(\.library))
            // Another folder may take its place.
            add(configuration.pluginDirectory)
            for plugin in configuration.plugins { add("\(configuration.pluginDirectory)/\(plugin.library)") }
        }
        return files
    }

    /// Whether what cannot be watched is more than a folder on the way to the files.
    private func matters(_ failure: IOError, _ configuration: Configuration) -> Bool {
        [parentFolder(of: configuration.file), configuration.pluginDirectory].contains(failure.subject)
    }
}
