import CFastDaemonPlugin

/// One command of a plugin: the word that calls it, texts for people, and the handler.
///
/// A handler has one of three forms. The *blocking* one takes a ``Call`` and may wait; the *asynchronous* one takes an
/// ``AsyncCall``; the *stepwise* one never waits, and says what it wants to be called again for.
public struct Command: Sendable {
    /// The word that calls it: 1 to 255 bytes of UTF-8 without spaces or control characters.
    public let name: String

    /// One line for the list of commands.
    public let summary: String

    /// What `help NAME` shows below the summary.
    public let usage: String

    /// Where the host runs it, unless the config says otherwise.
    public let execution: Execution

    /// Runs a call, and returns what `fastdaemon_command.run` returns.
    @usableFromInline
    typealias Body = @Sendable (UnsafeCall) -> Int32

    let body: Body
    private let isAsync: Bool

    @usableFromInline
    init(
        _ name: String, _ summary: String, _ usage: String, _ execution: Execution, isAsync: Bool, body: @escaping Body
    ) {
        self.name = name
        self.summary = summary
        self.usage = usage
        self.execution = execution
        self.isAsync = isAsync
        self.body = body
    }

    /// Throws where the host could not run the command as it was declared.
    func check() throws(CommandDeclarationError) {
        if isAsync, execution.isInline { throw CommandDeclarationError(command: name) }
    }
}

/// Why a plugin's commands are refused by the kit before the host sees them.
struct CommandDeclarationError: Error, CustomStringConvertible {
    let command: String

    var description: String {
        "\(command): an async handler cannot be inline, because it goes on when the I/O loop is elsewhere; "
            + "use .concurrent, or the stepwise form"
    }
}

// MARK: - The blocking form

extension Command {
    /// A command whose handler may wait, unless it is inline. It is successful when it returns; to end with another
    /// status it throws an ``ExitStatus``, or a ``CommandFailure`` with a message.
    public init(
        _ name: String, summary: String = "", usage: String = "", execution: Execution = .concurrent,
        run: @escaping @Sendable (borrowing Call) throws -> Void
    ) {
        self.init(name, summary, usage, execution, isAsync: false) { raw in
            let call = Call(raw)
            do {
                try run(call)
                return ExitStatus.success.code
            } catch {
                return call.end(with: error).code
            }
        }
    }
}

// MARK: - The asynchronous form

extension Command {
    /// A command whose handler is an asynchronous function. It runs on threads of the host's pool, in the caller's
    /// working directory, and its task is cancelled with the call. It is successful when it returns; to end with
    /// another status it throws an ``ExitStatus``, or a ``CommandFailure`` with a message.
    public init(
        _ name: String, summary: String = "", usage: String = "", execution: Execution = .concurrent,
        run: @escaping @Sendable (AsyncCall) async throws -> Void
    ) {
        self.init(name, summary, usage, execution, isAsync: true) { raw in
            AsyncCall.start(raw, run)
            return laterStatus
        }
    }
}

// MARK: - The stepwise form

extension Command {
    /// A command whose handler never waits. It is called once, and again whenever what it asked for has come: input, or
    /// room for output.
    ///
    /// - Parameters:
    ///   - startingWith: what the handler remembers of one call from step to step.
    ///   - step: does what can be done without waiting. For one call it never runs on two threads at once.
    @inlinable
    public init<State>(
        _ name: String, summary: String = "", usage: String = "", execution: Execution = .inline(input: .asItComes),
        startingWith state: @autoclosure @escaping @Sendable () -> State,
        step: @escaping @Sendable (borrowing Call, inout State) throws -> Step
    ) {
        self.init(name, summary, usage, execution, isAsync: false) { raw in
            runStepwise(raw, state: state(), step: step)
        }
    }
}

/// What `run` returns where the call goes on.
@usableFromInline
let laterStatus = Int32.min
