import FastDaemonHost
import FastDaemonIO
import FastDaemonSystem
import Synchronization

/// How a reload went.
struct ReloadOutcome: Sendable {
    /// The number of the generation that is served now.
    var generation: Int

    /// Why the old one goes on, a line each; empty where the new one took over.
    var problems: [String] = []

    /// What has changed, a line each.
    var changes: [String] = []

    var isRefused: Bool { !problems.isEmpty }
}

/// Takes up a changed config, or changed libraries: reads and checks everything, loads what is new, and switches in one step.
/// Where anything is wrong, the old generation goes on untouched.
final class Reloader: Sendable {
    let core: ServerCore
    let loops: EventLoopGroup
    private let listeners: ListenerSet
    let services: [RecordService]
    private let host: PluginHost
    private let file: String

    private struct State {
        var waiting: [UnsafeContinuation<ReloadOutcome, Never>] = []
        var isBusy = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// How long all that is new may take to come up, in nanoseconds. Each plugin was tried out in a process by then, which bounds
    /// what hangs; this bounds what hangs in the daemon alone.
    private static let patience: UInt64 = 300_000_000_000

    /// The config that was last read, whether it is served or was refused.
    let lastRead = Mutex<Configuration?>(nil)

    /// One element each time a reload has ended; who is late finds one.
    let reloaded: AsyncStream<Void>
    private let noteReload: AsyncStream<Void>.Continuation

    init(
        _ core: ServerCore, _ listeners: ListenerSet, _ services: [RecordService], loops: EventLoopGroup,
        host: PluginHost, file: String
    ) {
        self.core = core
        self.listeners = listeners
        self.services = services
        self.loops = loops
        (reloaded, noteReload) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.host = host
        self.file = file
    }

    /// Reloads once the reload at hand, if there is one, has ended. Who asks meanwhile gets the outcome of one that began after
    /// they asked.
    func reload() async -> ReloadOutcome {
        await withUnsafeContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append(continuation)
                defer { state.isBusy = true }
                return !state.isBusy
            }
            if begins { Task(executorPreference: loops.loops[0]) { await self.serveRequests() } }
        }
    }

    private func serveRequests() async {
        while true {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                state.isBusy = !state.waiting.isEmpty
                return state.waiting
            }
            if waiting.isEmpty { return }
            let outcome = await performReload()
            noteReload.yield()
            for continuation in waiting { continuation.resume(returning: outcome) }
        }
    }

    // MARK: - One reload

    private func performReload() async -> ReloadOutcome {
        let current = core.generation
        if isClosed { return ReloadOutcome(generation: current.number, problems: ["the daemon is stopping"]) }
        core.log.write(.notice, "reloading", [("file", .text(file))])
        listeners.service.reloading()
        var outcome = ReloadOutcome(generation: current.number)
        do throws(ReloadFailure) {
            let draft = try await draft(after: current)
            while listeners.service.isHandingOver {
                core.log.write(.notice, "an upgrade is under way; the reload waits for what becomes of it")
                await listeners.service.waitUntilHandedOver()
            }
            if isClosed || listeners.service.isEnding { throw ReloadFailure(problems: ["the daemon is stopping"]) }
            let plan = listeners.plan(draft.configuration)
            let problems = draft.problems.map { "\(file): \($0)" } + plan.problems.map { "\($0)" }
            if !problems.isEmpty { throw ReloadFailure(problems: problems) }
            outcome.generation = draft.number
            outcome.changes = draft.changes + plan.changes
            if loops.loops.count != draft.configuration.loopCount {
                outcome.changes.append("loops: the new number takes a restart, or an upgrade in place (SIGUSR2)")
            }
            switchOver(from: current, to: draft, plan)
        } catch {
            outcome.problems = error.problems
        }
        report(outcome)
        let status = core.statusLine
        listeners.service.reloaded(
            status: outcome.isRefused ? "a changed config was refused, the log says why; \(status)" : status)
        return outcome
    }

    private struct ReloadFailure: Error {
        var problems: [String]
    }

    /// Reads the config and loads what is new, on a thread where nobody waits for it, and not for ever.
    private func draft(after current: Generation) async throws(ReloadFailure) -> GenerationDraft {
        let result: Result<GenerationDraft, ReloadFailure>?
        do {
            result = try await loops.loops[0].blocking(patience: Self.patience) {
                self.loads.add(1, ordering: .acquiringAndReleasing)
                defer { self.loads.subtract(1, ordering: .acquiringAndReleasing) }
                return self.load(after: current)
            }
        } catch {
            throw ReloadFailure(problems: ["\(error)"])
        }
        guard let result else {
            let text = "what is new did not come up within \(Self.patience / 1_000_000_000) s: a create function hangs"
            throw ReloadFailure(problems: ["\(file): \(text)"])
        }
        return try result.get()
    }

    private func load(after current: Generation) -> Result<GenerationDraft, ReloadFailure> {
        do {
            let configuration = try Configuration(readingFrom: file)
            lastRead.withLock { $0 = configuration }
            return .success(GenerationDraft(configuration, after: current, host: host))
        } catch {
            return .failure(ReloadFailure(problems: error.problems.map { "\(file): \($0)" }))
        }
    }

    /// The daemon is stopping: nothing is taken up any more, and what is being loaded is thrown away.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Waits for the reload at hand, if there is one: what it has loaded is let go of by then.
    func finish() async {
        close()
        // Whose own turn comes after that, and finds the daemon stopping.
        _ = await reload()
    }

    /// Whether a library may be being loaded at this moment, also one that nobody waits for any more.
    var isLoading: Bool { loads.load(ordering: .acquiring) > 0 }
    private let loads = Atomic(0)

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Reloads without waiting for the outcome, which the log tells.
    func begin() {
        Task(executorPreference: loops.loops[0]) { await self.reload() }
    }

    private func switchOver(from old: Generation, to draft: GenerationDraft, _ plan: ListenerSet.Plan) {
        let next = draft.finished()
        let gone = Set(old.plugins.map(\.number)).subtracting(next.plugins.map(\.number))
        core.take(up: next)
        for problem in listeners.apply(plan, next.configuration.limits) { core.log.write(.warning, "\(problem)") }
        let drain = nanoseconds(next.configuration.limits.drainSeconds)
        // Before anybody is told: who asks then finds the new ones.
        for service in services { service.loop.execute { service.takeUpLimits() } }
        // What a loop has borrowed of the old one is its own until it comes back to its work. One that is stuck keeps the old one,
        // and nobody else waiting.
        Task(executorPreference: loops.loops[0]) {
            for loop in self.loops.loops { await loop.visit() }
            withExtendedLifetime(old) {}
        }
        if gone.isEmpty { return }
        Task(executorPreference: loops.loops[0]) { await self.limitDraining(of: gone, to: drain) }
    }

    private func report(_ outcome: ReloadOutcome) {
        for problem in outcome.problems { core.log.write(.error, problem) }
        if outcome.isRefused {
            core.log.write(
                .error, "not reloaded; what was served before is served on",
                [("generation", .number(outcome.generation))])
            return
        }
        for change in outcome.changes { core.log.write(.notice, change) }
        core.log.write(.notice, "reloaded", [("generation", .number(outcome.generation))])
    }
}
