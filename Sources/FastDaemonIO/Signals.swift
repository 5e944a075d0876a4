import CLinux
import FastDaemonSystem

/// Signals of this process, as a sequence: the numbers, as they come.
///
/// There is one of it in a process. The signals no longer do what they did; programs that plugins start get them as usual.
public struct Signals: AsyncSequence, Sendable {
    private let registration: Registration
    private let writingEnd: Keeper

    /// Keeps the pipe's other end open for the handler. `@unchecked Sendable`: it is never used, only kept.
    private final class Keeper: Sendable {
        let descriptor: Descriptor

        init(_ descriptor: consuming Descriptor) {
            self.descriptor = descriptor
        }
    }

    /// Catches the signals from now on.
    public init(_ numbers: [Int32], on loop: EventLoop) throws(IOError) {
        var ends: (Int32, Int32) = (0, 0)
        let result = withUnsafeMutableBytes(of: &ends) {
            clinux_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        _ = try check(result, "create", "the pipe for signals")
        registration = Registration(Descriptor(owning: ends.0), as: .source(isShared: false), on: loop)
        writingEnd = Keeper(Descriptor(owning: ends.1))
        try add(numbers)
    }

    /// Catches these, too, from now on.
    public func add(_ numbers: [Int32]) throws(IOError) {
        for number in numbers {
            _ = try check(clinux_signal_forward(number, writingEnd.descriptor.number), "handle", "signal \(number)")
        }
    }

    /// Has SIGPIPE do nothing in this process: a reader that went away is what the next write says.
    public static func ignoreBrokenPipes() {
        ignore([13])
    }

    /// Has these do nothing in this process; programs that it starts get them as usual.
    public static func ignore(_ numbers: [Int32]) {
        for number in numbers { _ = clinux_signal_swallow(number) }
    }

    /// An iterator over what comes from now on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(registration: registration)
    }

    /// Waits for one signal at a time.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let registration: Registration

        /// The next signal; nil once the task is cancelled.
        public mutating func next() async -> Int32? {
            let registration = registration
            return await withTaskCancellationHandler {
                await withTaskExecutorPreference(registration.loop) { await registration.nextSignal() }
            } onCancel: {
                registration.loop.execute { registration.interrupt() }
            }
        }
    }
}

extension Registration {
    /// Reads one signal, of the pipe. Nil where it was interrupted.
    fileprivate func nextSignal() async -> Int32? {
        while true {
            let signal = clinux_signal_read(number)
            if signal != 0 { return signal }
            clearReadable()
            guard case .ready = await waitUntilReadable(deadline: 0) else { return nil }
        }
    }
}
