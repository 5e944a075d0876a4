import FastDaemonServer
import Glibc

/// Exit statuses, as sysexits(3) numbers them.
private let badUsage: Int32 = 64
private let cannotServe: Int32 = 69
private let badConfiguration: Int32 = 78

private func printError(_ text: String) {
    for line in text.split(separator: "\n") {
        let bytes = Array("fastdaemond: \(line)\n".utf8)
        _ = write(2, bytes, bytes.count)
    }
}

private func configuration(_ options: DaemonOptions) -> Configuration? {
    guard let file = options.configuration ?? ConfigurationLocation.find() else {
        printError(
            "no config file: none of these is there: \(ConfigurationLocation.candidates().joined(separator: ", "))")
        printError("name one with --config FILE, or see fastdaemon.json(5) for what to write into it")
        return nil
    }
    do {
        return try Configuration(readingFrom: file)
    } catch {
        printError("\(error)")
        return nil
    }
}

private func check(_ configuration: Configuration) -> Int32 {
    do {
        let report = try CheckReport(configuration)
        print(report.served, terminator: "")
        report.problems.forEach(printError)
        return report.problems.isEmpty ? 0 : badConfiguration
    } catch {
        printError("\(error)")
        return badConfiguration
    }
}

private func serve(_ configuration: Configuration) -> Int32 {
    do {
        return try Daemon(configuration).run()
    } catch {
        printError("\(error)")
        return cannotServe
    }
}

if CommandLine.arguments.dropFirst().first == WorkerProgram.word {
    exit(WorkerProgram.run(Array(CommandLine.arguments.dropFirst())))
}
let options: DaemonOptions
do {
    options = try DaemonOptions(Array(CommandLine.arguments.dropFirst()))
} catch {
    printError("\(error)\ntry: fastdaemond --help")
    exit(badUsage)
}
switch options.action {
case .help: print(DaemonOptions.help, terminator: "")
case .version: print("fastdaemond \(fastDaemonVersion)")
case .check, .serve:
    guard let configuration = configuration(options) else { exit(badConfiguration) }
    let status = options.action == .check ? check(configuration) : serve(configuration)
    Daemon.finishLogging()
    exit(status)
}
