import CLinux
import FastDaemonSystem

/// What can be changed of a socket that is open.
extension Listener {
    /// Changes the permissions of several, or, where one of them cannot be changed, of none.
    public static func setModes(_ listeners: [(Listener, mode: UInt32)]) throws(IOError) {
        var changed: [(Listener, mode: UInt32)] = []
        do throws(IOError) {
            for (listener, mode) in listeners {
                guard let before = try listener.mode() else { continue }
                try listener.setMode(mode)
                changed.append((listener, before))
            }
        } catch {
            for (listener, before) in changed { try? listener.setMode(before) }
            throw error
        }
    }

    /// The permissions of a Unix socket's file; nil where there is none.
    private func mode() throws(IOError) -> UInt32? {
        guard let path = address.path else { return nil }
        var status = clinux_status()
        _ = try check(clinux_status_at(clinux_here, path, 0, &status), "look at", path)
        return status.mode & 0o7777
    }

    /// Changes the permissions of a Unix socket's file.
    public func setMode(_ mode: UInt32) throws(IOError) {
        guard let path = address.path else { return }
        _ = try check(clinux_change_mode(path, mode), "set the mode of", path)
    }

    /// Changes how many connections may wait that nobody has accepted yet.
    public func setBacklog(_ backlog: Int32) throws(IOError) {
        _ = try check(clinux_listen(descriptor.number, backlog), "set the backlog of", address.description)
    }
}
