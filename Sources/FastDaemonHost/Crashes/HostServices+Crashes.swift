import CLinux
import Synchronization

/// What is known of plugins' code before it crashes.
extension HostServices {
    /// Keeps what stands for code of a plugin where crashes are noted; 0 where they are not.
    func crashText(_ name: String, command: String, libraryPath: String, digest: String?) -> UInt32 {
        guard let digest else { return 0 }
        let text = CrashBlame.text(plugin: name, command: command, libraryPath: libraryPath, digest: digest)
        let place = clinux_crash_text(text, text.count)
        if place == 0 { tellOfFullTable(name) }
        return place
    }

    /// Notes where a library's code is, for threads that it makes itself.
    func noteImage(of library: PluginLibrary, plugin name: String, digest: String?) {
        let text = crashText(name, command: CrashBlame.ownThread, libraryPath: library.path, digest: digest)
        if text != 0, clinux_note_image(library.entry, text) == 0 { tellOfFullTable(name) }
    }

    private func tellOfFullTable(_ name: String) {
        if Self.hasTold.exchange(true, ordering: .relaxed) { return }
        log.write(
            .warning,
            "more versions of plugins were loaded than there is room for: the next start will not know crashes of those "
                + "that come from now on", plugin: name, call: nil)
    }

    /// Once is enough.
    private static let hasTold = Atomic(false)
}
