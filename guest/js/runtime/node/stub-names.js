/**
 * What the platform's modules export that emu does not implement: names only. A name with `!` is a class.
 *
 * Invariant: facts only.
 */

/** Functions and classes by module. */
export const STUBS = {
    fs:
        "Dirent! Dir! Stats! access appendFile chmod chown close copyFile cp exists fchmod fchown fdatasync " +
        "fstat fsync ftruncate futimes glob lchmod lchown link lstat lutimes mkdir mkdtemp open opendir read " +
        "readFile readdir readlink readv realpath rename rm rmdir stat statfs symlink truncate unlink " +
        "unwatchFile utimes watch watchFile write writeFile writev accessSync existsSync appendFileSync " +
        "chmodSync chownSync closeSync copyFileSync cpSync fchmodSync fchownSync fdatasyncSync fstatSync " +
        "fsyncSync ftruncateSync futimesSync globSync lchmodSync lchownSync lutimesSync linkSync lstatSync " +
        "mkdirSync mkdtempSync opendirSync openSync readdirSync readFileSync readlinkSync readSync readvSync " +
        "realpathSync renameSync rmdirSync rmSync statSync statfsSync symlinkSync truncateSync unlinkSync " +
        "utimesSync writeFileSync writeSync writevSync WriteStream! ReadStream! FileWriteStream! " +
        "FileReadStream! createReadStream createWriteStream openAsBlob",
    net:
        "BlockList! BoundSocket! SocketAddress! Stream! Server! Socket! connect createConnection createServer " +
        "getDefaultAutoSelectFamily setDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout " +
        "setDefaultAutoSelectFamilyAttemptTimeout isIP isIPv4 isIPv6",
    http:
        "validateHeaderName validateHeaderValue ClientRequest! request get OutgoingMessage! Agent! " +
        "IncomingMessage! Server! ServerResponse! createServer setMaxIdleHTTPParsers",
    https:
        "Agent! Server! createServer get request",
    http2:
        "Http2ServerRequest! Http2ServerResponse! connect createSecureServer createServer getDefaultSettings " +
        "getPackedSettings getUnpackedSettings performServerHandshake",
    tls:
        "SecureContext! Server! TLSSocket! checkServerIdentity connect convertALPNProtocols " +
        "createSecureContext createSecurePair createServer getCiphers",
    dns:
        "Resolver! getDefaultResultOrder getServers lookup lookupService resolve resolve4 resolve6 resolveAny " +
        "resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTxt " +
        "reverse setDefaultResultOrder setServers",
    child_process:
        "ChildProcess! exec execFile execFileSync execSync fork spawn spawnSync",
    cluster:
        "Worker!",
    vm:
        "Script! createContext createScript runInContext runInNewContext runInThisContext isContext " +
        "compileFunction measureMemory",
    worker_threads:
        "BroadcastChannel! MessageChannel! MessagePort! Worker! getEnvironmentData isMarkedAsUntransferable " +
        "markAsUntransferable markAsUncloneable moveMessagePortToContext receiveMessageOnPort " +
        "setEnvironmentData postMessageToThread",
    perf_hooks:
        "Performance! PerformanceEntry! PerformanceMark! PerformanceMeasure! PerformanceObserver! " +
        "PerformanceObserverEntryList! PerformanceResourceTiming! createHistogram eventLoopUtilization " +
        "monitorEventLoopDelay timerify",
    tty:
        "ReadStream! WriteStream! isatty",
    readline:
        "Interface! clearLine clearScreenDown createInterface cursorTo emitKeypressEvents moveCursor",
    v8:
        "DefaultDeserializer! DefaultSerializer! Deserializer! GCProfiler! Serializer! cachedDataVersionTag " +
        "deserialize getCppHeapStatistics getHeapCodeStatistics getHeapSnapshot getHeapSpaceStatistics " +
        "getHeapStatistics isStringOneByteRepresentation queryObjects serialize setFlagsFromString " +
        "setHeapSnapshotNearHeapLimit stopCoverage takeCoverage writeHeapSnapshot",
    inspector:
        "Session! close open url waitForDebugger",
    repl:
        "REPLServer! Recoverable! start writer",
    sqlite:
        "DatabaseSync! StatementSync! backup",
    dgram:
        "Socket! createSocket",
    domain:
        "Domain! createDomain",
    trace_events:
        "createTracing getEnabledCategories",
    wasi:
        "WASI!",
    zlib:
        "BrotliCompress! BrotliDecompress! Deflate! DeflateRaw! Gunzip! Gzip! Inflate! InflateRaw! Unzip! " +
        "ZstdCompress! ZstdDecompress! brotliCompress brotliCompressSync brotliDecompress " +
        "brotliDecompressSync crc32 createBrotliCompress createBrotliDecompress createDeflate " +
        "createDeflateRaw createGunzip createGzip createInflate createInflateRaw createUnzip " +
        "createZstdCompress createZstdDecompress deflate deflateRaw deflateRawSync deflateSync gunzip " +
        "gunzipSync gzip gzipSync inflate inflateRaw inflateRawSync inflateSync unzip unzipSync zstdCompress " +
        "zstdCompressSync zstdDecompress zstdDecompressSync",
};
