// swift-tools-version: 6.3
import Foundation
import PackageDescription

// The build is strict where the tests ask for it (`make test`); a package that depends on this one is not made to
// follow our warnings.
let strict = Context.environment["FASTDAEMON_STRICT"] == "1"
let warnings: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []

// With `swift test --sanitize=thread`: the rooms then take a lock that the sanitizer understands.
let threadSanitizer: [SwiftSetting] =
    Context.environment["FASTDAEMON_THREAD_SANITIZER"] == "1" ? [.define("THREAD_SANITIZER")] : []

let swift = warnings + threadSanitizer

// An async function of these rooms goes on where its caller is, so a call costs no look at the task's executors; each request
// makes several.
let onCallersExecutor: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

// Two accesses to one variable that overlap are found by the debug build, which the tests run. A release build does not look for
// them, in the rooms that no other package may depend on: a tenth of what a request cost there was that.
let unchecked: [SwiftSetting] = [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]
let c: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []

/// Where `make install` puts the libraries of Swift, seen from a program: an installed tree needs no toolchain. A handler needs
/// no such flag, because the daemon that loads it has loaded them; so a package that depends on the kit takes on none.
let installedRuntime: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-rpath=$ORIGIN/../lib/fastdaemon"])]

/// A handler: one folder under `Plugins/`, one shared library.
func handler(_ name: String, in dependency: Target.Dependency) -> Target {
    .target(name: name, dependencies: [dependency], path: "Plugins/\(name)", cSettings: c, swiftSettings: swift)
}

/// The forwarder is Embedded Swift and statically linked, because a process that loads nothing starts in a tenth of the
/// time: against musl where the machine has Debian's `musl-dev`, against glibc where not. Embedded Swift cannot import a
/// module that was built without it, so the program compiles the sources of the two rooms that it uses once more,
/// through symbolic links. `FASTDAEMON_PLAIN_CLIENT=1` makes an ordinary, dynamically linked program of the same sources
/// instead, for the sanitizers and for machines where this is not possible.
func forwarder() -> [Target] {
    let name = "fastdaemon_client"
    let others = ["completions", "fastdaemon_client.1"]
    if Context.environment["FASTDAEMON_PLAIN_CLIENT"] == "1" {
        return [
            .executableTarget(
                name: name, dependencies: ["CClient", "FastDaemonClient", "FastDaemonProtocol"],
                exclude: ["FastDaemonClient", "FastDaemonProtocol"] + others, swiftSettings: swift)
        ]
    }
    #if arch(arm64)
        let triple = "aarch64-linux-musl"
    #else
        let triple = "x86_64-linux-musl"
    #endif
    let musl = "/usr/lib/\(triple)/"
    let compile: [String]
    var link: [String]
    if FileManager.default.fileExists(atPath: musl + "libc.a") {
        compile = ["-nostdlibinc", "-isystem", "/usr/include/\(triple)"]
        let files = ["crt1.o", "crti.o", "libc.a", "crtn.o"].map { musl + $0 }
        link = ["-nostartfiles", "-Xclang-linker", "-nostdlib"] + files + ["-lgcc"]
    } else {
        // A static glibc loads libraries of its own version to look host names up, and only then. The linker warns of
        // that at each build, but not where the function goes by another name.
        compile = ["-Dgetaddrinfo=cclient_getaddrinfo"]
        // Its heap is put behind one of ours (arena.c).
        let functions = ["posix_memalign", "realloc", "free"].map { "--wrap=" + $0 }
        link = (["--defsym=cclient_getaddrinfo=getaddrinfo"] + functions).flatMap { ["-Xlinker", $0] }
    }
    // The toolchain's own linker: its file is 1.5 KB smaller than that of others.
    link += ["-use-ld=lld", "-Xclang-linker", "-static", "-Xclang-linker", "-Wno-unused-command-line-argument"]
    // What makes code small: no body of a function in the place of its call, what is the same in several places as a function,
    // one trap a function.
    let small = [
        "-wmo", "-Osize", "-Xfrontend", "-function-sections", "-Xfrontend", "-mergeable-traps", "-Xllvm",
        "-inline-threshold=0", "-Xllvm", "-enable-machine-outliner=always",
    ]
    return [
        .target(
            name: "CClientStatic",
            cSettings: c + [
                .unsafeFlags(
                    compile + [
                        "-Oz", "-ffunction-sections", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
                    ])
            ]),
        .executableTarget(
            name: name, dependencies: ["CClientStatic"], exclude: ["FastDaemonProtocol/Vectors"] + others,
            swiftSettings: swift + [.enableExperimentalFeature("Embedded"), .unsafeFlags(small)],
            linkerSettings: [.unsafeFlags(link + ["-s", "--gc-sections"].flatMap { ["-Xlinker", $0] })]),
    ]
}

let package = Package(
    name: "fastdaemon",
    products: [
        .executable(name: "fastdaemond", targets: ["fastdaemond"]),
        .executable(name: "fastdaemon_client", targets: ["fastdaemon_client"]),
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
        .target(name: "CFastDaemonPlugin", exclude: ["fastdaemon_plugin.h.3"], cSettings: c),
        .target(name: "CLinux", cSettings: c),
        .target(name: "FastDaemonSystem", dependencies: ["CLinux"], swiftSettings: swift),
        .target(name: "CBench", cSettings: c),
        .target(name: "CClient", cSettings: c),
        .target(name: "FastDaemonProtocol", exclude: ["Vectors"], swiftSettings: swift),
        .target(name: "FastDaemonPipeline", swiftSettings: swift),
        .target(
            name: "FastDaemonIO", dependencies: ["CLinux", "FastDaemonSystem"],
            swiftSettings: swift + onCallersExecutor + unchecked),
        .target(name: "FastDaemonPluginKit", dependencies: ["CFastDaemonPlugin"], swiftSettings: swift),
        .target(
            name: "FastDaemonHost",
            dependencies: ["CFastDaemonPlugin", "CLinux", "FastDaemonProtocol", "FastDaemonSystem"],
            swiftSettings: swift + unchecked),
        .target(
            name: "FastDaemonServer",
            dependencies: [
                "CFastDaemonPlugin", "CLinux", "FastDaemonHost", "FastDaemonIO", "FastDaemonPipeline",
                "FastDaemonProtocol", "FastDaemonSystem",
            ],
            exclude: ["fastdaemon.json.5"], swiftSettings: swift + onCallersExecutor + unchecked),
        .target(name: "FastDaemonClient", dependencies: ["CClient", "FastDaemonProtocol"], swiftSettings: swift),

        // The programs.
        .executableTarget(
            name: "fastdaemond", dependencies: ["FastDaemonServer"], exclude: ["fastdaemond.8"],
            swiftSettings: swift, linkerSettings: installedRuntime),
        .executableTarget(
            name: "fastdaemon_bench", dependencies: ["CBench", "FastDaemonProtocol"],
            exclude: ["fastdaemon_bench.1"], swiftSettings: swift, linkerSettings: installedRuntime),

        // The tests, a folder a room.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
        .testTarget(
            name: "FastDaemonProtocolTests", dependencies: ["FastDaemonProtocol"], swiftSettings: swift),
        .testTarget(
            name: "FastDaemonBenchTests", dependencies: ["fastdaemon_bench", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "FastDaemonIOTests", dependencies: ["CLinux", "FastDaemonIO", "FastDaemonSystem", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "FastDaemonHostTests",
            dependencies: ["CFastDaemonPlugin", "CLinux", "FastDaemonHost", "FastDaemonSystem", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "FastDaemonClientTests", dependencies: ["FastDaemonClient", "FastDaemonProtocol", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "FastDaemonServerTests",
            dependencies: [
                "CFastDaemonPlugin", "FastDaemonHost", "FastDaemonIO", "FastDaemonProtocol", "FastDaemonServer",
                "FastDaemonSystem", "TestSupport",
            ], swiftSettings: swift),
        .testTarget(
            name: "ReadmeTests", dependencies: ["FastDaemonHost", "FastDaemonServer", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ClientProgramTests", dependencies: ["FastDaemonProtocol", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "FastDaemonPipelineTests", dependencies: ["FastDaemonPipeline"],
            swiftSettings: swift),
        .testTarget(
            name: "TutorialTests", dependencies: ["FastDaemonIO", "FastDaemonPipeline"], swiftSettings: swift),
        .testTarget(
            name: "PluginHeaderTests", dependencies: ["CFastDaemonPlugin", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "FastDaemonPluginKitTests",
            dependencies: ["CFastDaemonPlugin", "FastDaemonPluginKit", "TestSupport"], swiftSettings: swift),

        .testTarget(
            name: "IntegrationTests", dependencies: ["TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "FaultTests", dependencies: ["TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "PerformanceTests", dependencies: ["TestSupport"], exclude: ["Counter"], swiftSettings: swift),

        // The handlers that ship.
        handler("Echo", in: "FastDaemonPluginKit"),
        handler("Wait", in: "FastDaemonPluginKit"),
        handler("Count", in: "CFastDaemonPlugin"),
    ] + forwarder(),
    swiftLanguageModes: [.v6]
)
