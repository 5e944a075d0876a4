extension Subcommand {
    /// `daemon reload`.
    static let reload = Subcommand(
        name: "reload", summary: "reads the config and changed libraries again; for root and the daemon's own user",
        changes: true
    ) { _, core in
        .later {
            guard let reloader = core.reloader.withLock({ $0 }) else {
                return .failure("daemon reload: the daemon is not ready yet; try again later", status: 75)
            }
            return BuiltInText(await reloader.reload())
        }
    }
}

extension BuiltInText {
    /// What has changed; or, with the status of a wrong config (EX_CONFIG of sysexits(3)), why nothing has.
    init(_ outcome: ReloadOutcome) {
        if outcome.isRefused {
            errors = outcome.problems.map { "fastdaemond: \($0)\n" }.joined()
            errors += "fastdaemond: daemon reload: not reloaded; generation \(outcome.generation) is served on\n"
            status = 78
        } else {
            output = outcome.changes.map { "\($0)\n" }.joined() + "generation \(outcome.generation) is served now\n"
        }
    }
}
