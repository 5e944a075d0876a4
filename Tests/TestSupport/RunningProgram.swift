import Foundation

/// A program that runs, whose input is fed and whose output is kept by whoever waits for it. One thread uses it at a time.
public final class RunningProgram {
    /// The process's id.
    public let id: pid_t

    private var input: Int32?
    private var unwritten: ArraySlice<UInt8> = []
    private var streams: [Stream]

    /// A program that closes its input is no reason to end the test.
    private static let brokenPipesAreErrors: Void = { signal(SIGPIPE, SIG_IGN) }()

    private static let starting = NSLock()

    private struct Stream {
        var descriptor: Int32?
        var bytes: [UInt8] = []

        mutating func receive() {
            guard let source = descriptor else { return }
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                let count = read(source, buffer.baseAddress, buffer.count)
                bytes.append(contentsOf: buffer[..<max(count, 0)])
                return count
            }
            if count == 0 {
                close(source)
                descriptor = nil
            }
        }
    }

    /// Starts the program at `path`; see `run` for the parameters.
    public init(
        _ path: String, _ arguments: [String], input: ProgramInput = .bytes([]), closing: Set<Int32> = [],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        Self.brokenPipesAreErrors
        // A program that another thread starts must not inherit the pipes before they are close-on-exec: it would keep
        // this one's input open.
        Self.starting.lock()
        defer { Self.starting.unlock() }
        let output = try Pipe()
        let errors = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var inputPipe: Pipe?
        switch input {
        case .bytes(let bytes):
            let pipe = try Pipe()
            posix_spawn_file_actions_adddup2(&actions, pipe.reading, 0)
            unwritten = bytes[...]
            inputPipe = pipe
        case .file(let path): posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR | O_NOCTTY, 0)
        case .closed: posix_spawn_file_actions_addclose(&actions, 0)
        }
        for (pipe, number) in [(output, Int32(1)), (errors, 2)] {
            if closing.contains(number) {
                posix_spawn_file_actions_addclose(&actions, number)
            } else {
                posix_spawn_file_actions_adddup2(&actions, pipe.writing, number)
            }
        }
        id = try spawn(path, [path] + arguments, environment, &actions)
        close(output.writing)
        close(errors.writing)
        streams = [Stream(descriptor: output.reading), Stream(descriptor: errors.reading)]
        if let inputPipe {
            close(inputPipe.reading)
            self.input = inputPipe.writing
            _ = fcntl(inputPipe.writing, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        for descriptor in [input] + streams.map(\.descriptor) {
            if let descriptor { close(descriptor) }
        }
    }

    /// Ends the program's standard input now; otherwise that happens while it is waited for.
    public func closeInput() {
        if let input { close(input) }
        input = nil
    }

    /// Sends a signal.
    public func send(_ signal: Int32) {
        kill(id, signal)
    }

    /// Waits until the program wrote a whole line to standard error and returns it, without its end; `nil` where the
    /// stream ended before. What is returned is still part of the result.
    public func nextErrorLine(after lines: Int = 0, seconds: Double = 60) -> String? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while true {
            let whole = String(decoding: streams[1].bytes, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            if whole.count > lines + 1 {
                return String(whole[lines])
            }
            guard streams[1].descriptor != nil, move(until: deadline) else { return nil }
        }
    }

    /// Feeds the program, keeps what it writes and returns how it ended.
    public func wait(seconds: Double = 60) throws -> ProgramResult {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while streams.contains(where: { $0.descriptor != nil }) || input != nil {
            if !move(until: deadline) {
                kill(id, SIGKILL)
                break
            }
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return ProgramResult(
            status: signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal), output: streams[0].bytes,
            errors: streams[1].bytes)
    }

    /// Moves bytes to and from the program once; `false` where none moved until `deadline`.
    private func move(until deadline: Date) -> Bool {
        let descriptors = streams.map(\.descriptor) + [input]
        var watched = descriptors.map { pollfd(fd: $0 ?? -1, events: Int16(POLLIN), revents: 0) }
        watched[2].events = Int16(POLLOUT)
        let milliseconds = Int32(max(deadline.timeIntervalSinceNow, 0) * 1_000)
        let ready = poll(&watched, nfds_t(watched.count), milliseconds)
        guard ready > 0 else { return ready < 0 && errno == EINTR }
        for index in streams.indices where watched[index].revents != 0 {
            streams[index].receive()
        }
        if watched[2].revents != 0 {
            feed()
        }
        return true
    }

    private func feed() {
        guard let input else { return }
        let count = unwritten.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        unwritten = unwritten.dropFirst(max(count, 0))
        if unwritten.isEmpty || (count < 0 && errno != EAGAIN) {
            close(input)
            self.input = nil
        }
    }
}

/// The two ends of a pipe.
private struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }
}

/// Starts a program with no signal ignored or blocked, whatever the test's own process does.
func spawn(
    _ path: String, _ words: [String], _ environment: [String: String], _ actions: inout posix_spawn_file_actions_t,
    flags: Int16 = 0
) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    sigfillset(&all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | flags)

    let words = words.map { strdup($0) } + [nil]
    let environment = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for string in words + environment { free(string) } }
    var id: pid_t = 0
    let error = posix_spawn(&id, path, &actions, &attributes, words, environment)
    guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EIO) }
    return id
}
