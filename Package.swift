// swift-tools-version: 6.3
import PackageDescription

// The build is strict where the tests ask for it (`make test`); a package that depends on this one is not made to
// follow our warnings.
let strict = Context.environment["FASTDAEMON_STRICT"] == "1"
let swift: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []
let c: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []

// With `swift test --sanitize=thread`: the pipeline then takes a lock that the sanitizer understands.
let threadSanitizer: [SwiftSetting] =
    Context.environment["FASTDAEMON_THREAD_SANITIZER"] == "1" ? [.define("THREAD_SANITIZER")] : []

/// A handler: one folder under `Plugins/`, one shared library.
func handler(_ name: String, in dependency: Target.Dependency) -> Target {
    .target(name: name, dependencies: [dependency], path: "Plugins/\(name)", cSettings: c, swiftSettings: swift)
}

let package = Package(
    name: "fastdaemon",
    products: [
        .executable(name: "fastdaemond", targets: ["fastdaemond"]),
        .executable(name: "fastdaemon_bench", targets: ["fastdaemon_bench"]),
        .library(name: "FastDaemonProtocol", targets: ["FastDaemonProtocol"]),
        .library(name: "FastDaemonPipeline", targets: ["FastDaemonPipeline"]),
        .library(name: "FastDaemonPluginKit", targets: ["FastDaemonPluginKit"]),
        .library(name: "FastDaemonClient", targets: ["FastDaemonClient"]),
        .library(name: "Echo", type: .dynamic, targets: ["Echo"]),
        .library(name: "Wait", type: .dynamic, targets: ["Wait"]),
        .library(name: "Count", type: .dynamic, targets: ["Count"]),
    ],
    targets: [
        // The rooms, lowest first. What a room may import is exactly what it lists here; the tests build with
        // `--explicit-target-dependency-import-check error`.
        .target(name: "CFastDaemonPlugin", cSettings: c),
        .target(name: "CLinux", cSettings: c),
        .target(name: "CClient", cSettings: c),
        .target(name: "FastDaemonProtocol", swiftSettings: swift),
        .target(name: "FastDaemonPipeline", swiftSettings: swift + threadSanitizer),
        .target(
            name: "FastDaemonIO", dependencies: ["CLinux", "FastDaemonPipeline", "FastDaemonProtocol"],
            swiftSettings: swift),
        .target(name: "FastDaemonPluginKit", dependencies: ["CFastDaemonPlugin"], swiftSettings: swift),
        .target(
            name: "FastDaemonHost", dependencies: ["CFastDaemonPlugin", "CLinux", "FastDaemonProtocol"],
            swiftSettings: swift),
        .target(
            name: "FastDaemonServer",
            dependencies: [
                "CFastDaemonPlugin", "CLinux", "FastDaemonHost", "FastDaemonIO", "FastDaemonPipeline",
                "FastDaemonProtocol",
            ],
            swiftSettings: swift),
        .target(name: "FastDaemonClient", dependencies: ["CClient", "FastDaemonProtocol"], swiftSettings: swift),

        // The programs.
        .executableTarget(name: "fastdaemond", dependencies: ["FastDaemonServer"], swiftSettings: swift),
        .executableTarget(
            name: "fastdaemon_bench", dependencies: ["CLinux", "FastDaemonProtocol"], swiftSettings: swift),

        // The tests, a folder a room.
        .testTarget(
            name: "FastDaemonProtocolTests", dependencies: ["FastDaemonProtocol"], swiftSettings: swift),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
        .testTarget(
            name: "FastDaemonClientTests", dependencies: ["FastDaemonClient", "FastDaemonProtocol", "TestSupport"],
            swiftSettings: swift),
        .testTarget(name: "FastDaemonIOTests", dependencies: ["FastDaemonIO"], swiftSettings: swift),
        .testTarget(
            name: "FastDaemonPipelineTests", dependencies: ["FastDaemonPipeline"],
            swiftSettings: swift + threadSanitizer),

        // The handlers that ship.
        handler("Echo", in: "FastDaemonPluginKit"),
        handler("Wait", in: "FastDaemonPluginKit"),
        handler("Count", in: "CFastDaemonPlugin"),
    ],
    swiftLanguageModes: [.v6]
)
