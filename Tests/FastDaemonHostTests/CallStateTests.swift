import CFastDaemonPlugin
import Testing

@testable import FastDaemonHost

@Suite("The state of a call") struct CallStateTests {
    /// A callback that counts in the atomic it is handed.
    private static func counting(in count: UnsafeMutablePointer<Int>) -> CallState.Callback {
        CallState.Callback(function: { $0!.assumingMemoryBound(to: Int.self).pointee += 1 }, user: count)
    }

    private static let callback = CallState.Callback(function: { _ in }, user: nil)
    private static let events = [
        FASTDAEMON_EVENT_READABLE, FASTDAEMON_EVENT_WRITABLE, FASTDAEMON_EVENT_CANCELLED, FASTDAEMON_EVENT_SIGNAL,
    ]

    @Test("A call that is finished before its handler says \"later\" has ended with that status")
    func finishBeforeLater() {
        var state = CallState()
        #expect(state.finish(7) == nil)
        #expect(state.returnedLater() == .status(7))
    }

    @Test("A call that is finished after \"later\" has its status when the host asks")
    func finishAfterLater() async {
        let status = await withUnsafeContinuation { continuation in
            var state = CallState()
            let outcome = state.returnedLater()
            #expect(outcome == .later)
            let waiter = state.finish(8)
            #expect(waiter == nil)
            continuation.resume(returning: state.await(continuation) ?? -1)
        }
        #expect(status == 8)
    }

    @Test("A host that waits is resumed when the call is finished, once")
    func awaitThenFinish() async {
        let status = await withUnsafeContinuation { continuation in
            var state = CallState()
            _ = state.returnedLater()
            let early = state.await(continuation)
            #expect(early == nil)
            let waiter = state.finish(9)
            let second = state.finish(10)
            #expect(second == nil)
            (waiter ?? continuation).resume(returning: waiter == nil ? -1 : 9)
        }
        #expect(status == 9)
    }

    @Test("A second finish changes nothing")
    func secondFinish() {
        var state = CallState()
        #expect(state.finish(1) == nil)
        #expect(state.finish(2) == nil)
        #expect(state.returnedLater() == .status(1))
    }

    @Test("Each event has one callback, which is taken once", arguments: events)
    func oneCallback(event: Int) {
        var state = CallState()
        _ = state.setCallback(Self.callback, for: event, on: 0)
        for other in Self.events where other != event { #expect(state.beginCallback(other, on: 1) == nil) }
        #expect(state.beginCallback(event, on: 1) != nil)
        #expect(state.beginCallback(event, on: 1) == nil)
    }

    @Test("A new callback takes the old one's place, and none takes it away")
    func replacedCallback() {
        var counts = (0, 0)
        withUnsafeMutablePointer(to: &counts.0) { first in
            withUnsafeMutablePointer(to: &counts.1) { second in
                var state = CallState()
                _ = state.setCallback(Self.counting(in: first), for: FASTDAEMON_EVENT_SIGNAL, on: 0)
                _ = state.setCallback(Self.counting(in: second), for: FASTDAEMON_EVENT_SIGNAL, on: 0)
                if let taken = state.beginCallback(FASTDAEMON_EVENT_SIGNAL, on: 1) { taken.function(taken.user) }
                _ = state.setCallback(Self.callback, for: FASTDAEMON_EVENT_SIGNAL, on: 0)
                _ = state.setCallback(nil, for: FASTDAEMON_EVENT_SIGNAL, on: 0)
                #expect(state.beginCallback(FASTDAEMON_EVENT_SIGNAL, on: 1) == nil)
            }
        }
        #expect(counts == (0, 1))
    }

    @Test("No callback begins after the end of callbacks, neither an old one nor a new", arguments: events)
    func endOfCallbacks(event: Int) {
        var state = CallState()
        _ = state.setCallback(Self.callback, for: event, on: 0)
        state.endCallbacks()
        #expect(state.beginCallback(event, on: 1) == nil)
        _ = state.setCallback(Self.callback, for: event, on: 0)
        #expect(state.beginCallback(event, on: 1) == nil)
    }

    @Test("A thread does not wait for the callback that it runs itself, but for those of others")
    func besides() {
        var state = CallState()
        for event in Self.events { _ = state.setCallback(Self.callback, for: event, on: 0) }
        #expect(!state.runsCallback(besides: 1))
        _ = state.beginCallback(FASTDAEMON_EVENT_READABLE, on: 1)
        _ = state.beginCallback(FASTDAEMON_EVENT_WRITABLE, on: 1)
        #expect(!state.runsCallback(besides: 1))
        #expect(state.runsCallback(besides: 2))
        state.endCallback(on: 1)
        #expect(state.runsCallback(besides: 2), "the outer one goes on")
        state.endCallback(on: 1)
        #expect(!state.runsCallback(besides: 2))
    }

    @Test("A call that its handler finished, and then was used again, gets callbacks")
    func usedAgain() {
        let call = Call()
        call.finish(3)
        call.reset()
        var count = 0
        withUnsafeMutablePointer(to: &count) {
            #expect(call.notify(FASTDAEMON_EVENT_SIGNAL, Self.counting(in: $0)) == 0)
            call.fire(FASTDAEMON_EVENT_SIGNAL)
        }
        #expect(count == 1)
    }

    @Test("Signals that came before anybody wanted to be told are told as one")
    func untoldSignals() {
        var state = CallState()
        let event = Int(FASTDAEMON_EVENT_SIGNAL)
        for _ in 0..<3 {
            let untold = state.beginSignalCallback(on: 1)
            #expect(untold == nil)
        }
        let nobody = state.takeUntoldSignal()
        #expect(!nobody)
        _ = state.setCallback(Self.callback, for: event, on: 1)
        let (first, second) = (state.takeUntoldSignal(), state.takeUntoldSignal())
        #expect(first && !second)
    }

    @Test("What is asked for within a callback is looked at after it, and by its thread alone")
    func deferred() {
        var state = CallState()
        let event = Int(FASTDAEMON_EVENT_WRITABLE)
        let isNested = state.setCallback(Self.callback, for: event, on: 1)
        let begun = state.beginCallback(event, on: 1)
        #expect(!isNested && begun != nil)
        let other = state.setCallback(Self.callback, for: event, on: 2)
        let own = state.setCallback(Self.callback, for: event, on: 1)
        let again = state.setCallback(Self.callback, for: event, on: 1)
        #expect(!other && own && again)
        let (deferred, none) = (state.takeDeferredEvent(), state.takeDeferredEvent())
        #expect(deferred == event && none == nil)
        let (taken, gone) = (state.takeCallback(for: event), state.takeCallback(for: event))
        #expect(taken != nil && gone == nil)
    }
}
