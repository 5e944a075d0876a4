import CLinux
import FastDaemonSystem

/// What can be changed of a socket that is open.
extension Listener {
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
