import Foundation

/// A terminal whose user is the test, and the program that runs on it, in a session and process group of its own.
public final class Terminal {
    private let master: Int32
    private let program: pid_t

    /// What came on the screen.
    public private(set) var screen: [UInt8] = []

    /// How long a test waits for the program, in seconds. It bounds a test that would hang, and is never waited out by one that
    /// passes.
    private static let patience: Int32 = 20

    // TIOCSPTLCK, TIOCGPTN and TIOCSWINSZ (ioctl_tty(2)); Swift does not see all of their macros.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let setWindow: UInt = 0x5414

    /// Starts a program on a new terminal, which it can be stopped from with Ctrl-C.
    public init(
        _ path: String, _ arguments: [String], columns: UInt16 = 80, rows: UInt16 = 24,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: UInt32 = 0
        var unlocked: Int32 = 0
        guard master >= 0, ioctl(master, Self.unlock, &unlocked) == 0, ioctl(master, Self.getNumber, &number) == 0
        else {
            throw TestFailure("there is no terminal to be had: \(String(cString: strerror(errno)))")
        }
        let name = "/dev/pts/\(number)"
        Self.setSize(of: master, columns, rows)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that a new session opens controls it.
        posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        let setSession: Int16 = 0x80
        program = try spawn(path, [path] + arguments, environment, &actions, flags: setSession)
    }

    deinit {
        kill(-program, SIGKILL)
        close(master)
    }

    /// Types.
    public func type(_ text: String) throws {
        guard write(master, text, text.utf8.count) == text.utf8.count else { throw TestFailure("typing failed") }
    }

    /// Gives the window another size.
    public func resize(columns: UInt16, rows: UInt16) {
        Self.setSize(of: master, columns, rows)
    }

    private static func setSize(of descriptor: Int32, _ columns: UInt16, _ rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, setWindow, &size)
    }

    /// Tells the program that it goes on, as the shell does after `fg`.
    public func continueProgram() {
        kill(program, SIGCONT)
    }

    /// Waits until this text is on the screen.
    public func wait(for text: String) throws {
        while !String(decoding: screen, as: UTF8.self).contains(text) {
            guard try look() else { throw TestFailure("the program ended, and wrote: \(shown)") }
        }
    }

    /// Waits for the program's end.
    public func wait() throws -> ProgramStatus {
        while try look() {}
        var status: Int32 = 0
        while waitpid(program, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }

    /// The screen as text.
    public var shown: String { String(decoding: screen, as: UTF8.self) }

    /// Takes what is new on the screen; false where the last program has left the terminal.
    private func look() throws -> Bool {
        var watched = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        let ready = poll(&watched, 1, Self.patience * 1_000)
        guard ready != 0 else { throw TestFailure("nothing happens any more; on the screen is: \(shown)") }
        return withUnsafeTemporaryAllocation(byteCount: 1 << 12, alignment: 1) { buffer in
            let count = read(master, buffer.baseAddress, buffer.count)
            screen.append(contentsOf: buffer[..<max(count, 0)])
            return count > 0 || count < 0 && errno == EINTR
        }
    }
}
