import Foundation

/// The folder that the package manager builds into: the one of the test program that runs.
public let productsFolder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

/// The path of a program of this package, such as "fastdaemon_client".
public func builtProgram(_ name: String) -> String {
    productsFolder.appending(path: name).path
}

/// Whether `PATH` leads to a program named `name`. A test that needs one that may be absent says so, and is skipped by
/// name: `@Test(.enabled(if: isInstalled("socat"), "socat is not installed"))`.
public func isInstalled(_ name: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
}

/// Whether the address sanitizer or the thread sanitizer looks on, in this program and so in those that were built with it. What it
/// keeps for itself counts as the memory of each process, so that no bound on that tells anything.
public let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
