/**
 * The library's descriptions of rule options and of config keys, in Simplified Chinese, by their English text: one that
 * several rules share is here once, and one that has changed is shown in English until its line follows.
 */
export const options: Readonly<Record<string, string>> = {
  // Options of rules.
  'ε: size of a step, in membrane time constants': 'ε：步长，以膜时间常数为单位',
  'steps of the relaxation in an evaluation': '评估时弛豫的步数',
  'Distribution of B: drawn like the forward weights it answers, uniform, or normal':
    'B 的分布：与所对应的前向权重相同、均匀或正态',
  'B in ±scale (uniform), of this deviation (normal), or this multiple of the forward distribution':
    'B 取自 ±scale（均匀）、以此为标准差（正态），或为前向分布的此倍数',
  'Share of the possible feedback synapses that exist; default: as of the forward ones they answer':
    '实际存在的反馈突触占可能总数的比例；默认：与所对应的前向突触相同',
  'Which pairs sparse feedback joins: drawn apart, those joined forward, or none of those':
    '稀疏反馈连接哪些单元对：另行抽取、与前向连接相同，或只取没有前向连接的',
  "Share of units whose feedback only excites, the others' only inhibits; default: any sign":
    '反馈只起兴奋作用的单元所占比例，其余单元的反馈只起抑制作用；默认：符号不限',
  'Sizes of B: all alike (uSF), drawn anew for every batch (brSF), or drawn once (frSF)':
    'B 的大小：全部相同（uSF）、每个批次重新抽取（brSF），或只抽取一次（frSF）',
  'Multiple of √(2/(n+m)), the root mean square of the sizes': '大小的均方根，以 √(2/(n+m)) 为单位',
  'Which pairs sparse feedback joins: those joined forward, or drawn apart':
    '稀疏反馈连接哪些单元对：与前向连接相同，或另行抽取',
  'λ: an update takes learning rate × λ from W and B, and from what differs between them':
    'λ：每次更新使 W 与 B 衰减学习率 × λ，两者之差也同样衰减',
  'Standard deviation σ of the noise': '噪声的标准差 σ',
  'Bursts of noise in a mirroring phase': '一个镜像阶段中噪声的发放次数',
  'Updates from one mirroring phase to the next': '相邻两个镜像阶段之间的更新次数',
  'Rate r of the feedback weights, by phase: they remember the last 1/r phases':
    '反馈权重每个阶段的速率 r：所记住的是最近 1/r 个阶段',
  'Learning rate of the feedback weights, as a multiple of the forward one':
    '反馈权重的学习率，为前向学习率的倍数',
  'Updates before the feedback weights start to learn': '反馈权重开始学习之前的更新次数',
  'Decay λ of the feedback weights: a ridge that turns them from W⁺ towards Wᵀ':
    '反馈权重的衰减 λ：岭正则项，使其由 W⁺ 转向 Wᵀ',
  'Whether deviations from the running means are reconstructed, or the raw activity':
    '重建的是相对于滑动平均的偏差，还是原始活动',
  'how far a synapse is moved, ε': '突触的扰动幅度 ε',
  'synapses tried in each update': '每次更新试探的突触数',
  'change by the measured slope, or by a fixed amount in the better direction':
    '按测得的斜率改变，或朝较好的方向改变固定的量',
  'standard deviation σ of the jitter': '抖动的标准差 σ',
  'jitters averaged in each update': '每次更新所平均的抖动次数',
  'measure the loss at W + ψ and W − ψ, instead of W + ψ and W':
    '在 W + ψ 与 W − ψ 处测量损失，而非 W + ψ 与 W',
  'noisy passes an example': '每个样本的带噪前向次数',
  'what a loss is compared with: that of a pass without noise, or the mean over the other samples':
    '损失的比较基准：无噪声前向的损失，或其余各次带噪前向的平均',
  'whose loss a unit hears of: that of the network, or that of a readout of its own area':
    '单元得知哪个损失：整个网络的，或其所在区自有读出层的',
  'what the random direction is of': '随机方向所在的空间：活动或权重',
  'what a loss is compared with: nothing, its running mean, or a prediction from the input':
    '损失的比较基准：无、其滑动平均，或由输入作出的预测',
  'how fast the mean and the critic follow': '滑动平均与评论家跟随的速率',
  'draws an example': '每个样本的抽样次数',
  'γ: signals that come back are multiplied by this': 'γ：反馈信号所乘的系数',
  'steps of the free phase': '自由阶段的步数',
  'steps in an evaluation; default: five times those of the free phase where particles persist':
    '评估时的步数；粒子持续时默认为自由阶段的五倍',
  'a phase ends early where units move less than this, and fails where they do not; 0: takes all steps':
    '单元的移动小于此值时，阶段提前结束；始终达不到则视为失败；0：走完全部步数',
  'where a free phase without particles begins, an evaluation too: silent, or with a feedforward pass':
    '无粒子的自由阶段（以及评估）从何处开始：静息状态，或一次前向计算',
  'what a synapse sends: before outputs are held, or the mean of both phases; symmetric: for both ways alike':
    '突触所发送的信号：取输出被固定之前的值，或两个阶段的平均；symmetric：两个方向相同',
  'one matrix for both ways, or feedback weights of their own that learn too':
    '两个方向共用一个矩阵，或反馈有自己的、同样学习的权重',
  'steps of the phase with outputs held': '输出被固定的阶段的步数',
  'β: how strongly outputs are pulled towards their targets': 'β：把输出拉向目标的强度',
  'nudged by β, by β or −β drawn for each batch, or by both': '轻推 β、每个批次随机取 β 或 −β，或两者兼用',
  'whether synapses change after the phases, or in every step of the nudged one':
    '突触在各阶段之后改变，或在轻推阶段的每一步改变',
  'steps of a nudged phase': '轻推阶段的步数',
  'whether the free phase of a training example begins where its last one ended':
    '训练样本的自由阶段是否从其上一次结束处开始',
  'learning rate of the inverses, as a multiple of the forward one': '逆映射的学习率，为前向学习率的倍数',
  'λ: how much of its old activity a unit keeps when the signal comes round again':
    'λ：信号循环返回时，单元保留原有活动的比例',
  'units that reconstruct the example: linear, or logistic for values from 0 to 1':
    '重建样本的单元：线性，或逻辑斯谛（用于 0 至 1 的值）',
  't: how far the prediction is moved towards the target': 't：预测向目标移动的程度',
  'units beside the output that help to reconstruct what is below; 0 for the labels alone':
    '输出之外，协助重建下方的单元数；0：只用标签',
  'weights of the way down: learned beside those of the way up, or the same, transposed':
    '下行权重：与上行权重一同学习，或即其转置',
  'weights of the way down: learned by reconstruction, random and fixed, or the transposed way up':
    '下行通路的权重：由重建习得、随机且固定，或为上行通路的转置',
  'whether a unit’s slope is seen in what a small change of its input does, or computed':
    '单元的斜率由输入微小变化的效果得出，或直接计算',
  'how much the way up learns to be an autoencoder, beside what it learns from targets':
    '上行通路除向目标学习外，学作自编码器的权重系数',
  'σ of noise in what areas hear from above, drawn anew in each pass down':
    '各脑区所接收的自上而下信号中噪声的 σ，每次下行时重新抽取',
  'updates in which only autoencoders and the output learn, before targets come down':
    '目标向下传递之前，只有自编码器与输出层学习的更新次数',
  'σ of what is added to activity where the inverses learn, so that they hold beyond the examples':
    '逆映射学习时加在活动上的噪声的 σ，使其在样本之外也成立',
  'whether inverses and forward weights change together, or inverses first, and targets come down by those':
    '逆映射与前向权重同时改变，或逆映射先改变，再由其向下传递目标',
  'η̂: how far the target of the last hidden area lies down the gradient':
    'η̂：最后一个隐藏区的目标沿负梯度方向的距离',
  'auxiliary outputs, which tell the inverse of the output more than the answer; 0 for none':
    '辅助输出的数目，使输出层的逆映射所得多于答案本身；0：无',
  'updates of the feedback in a step, each with noise of its own; more than one only if alternating':
    '每步中反馈的更新次数，噪声各自独立；只有交替进行时才可多于一次',
  'Σ that outputs are believed to have, that of all other areas being 1':
    '假定输出所具有的方差 Σ，其余各区均为 1',
  'steps of inference': '推断的步数',
  'γ: size of a step, in membrane time constants': 'γ：步长，以膜时间常数为单位',
  'whether predictions follow the potentials, or stay as the pass up left them':
    '预测随电位变化，或保持前向计算所得的值',
  'what it learns the likelihood of: the targets given the inputs, or all that it sees':
    '学习谁的似然：给定输入时的目标，或所见的全部',
  'of the sweeps that cool a phase down; the sweeps after them are at 1':
    '一个阶段退火时各遍扫描的温度；其后各遍的温度为 1',
  'sweeps at temperature 1 before products count': '开始统计乘积之前，温度为 1 的扫描遍数',
  'sweeps over which products are averaged': '对乘积取平均的扫描遍数',
  'machines side by side for every example': '每个样本并行的机器数',
  'with model "all": free-running chains that go on from update to update; 0: each phase anew':
    'model 为 "all" 时：跨更新持续的自由马尔可夫链数；0：每个阶段重新开始',
  'mean-field sweeps in an evaluation': '评估时平均场扫描的遍数',
  'k: steps of Gibbs sampling an update': 'k：每次更新的吉布斯采样步数',
  'chains that go on from update to update; 0: sampling begins at the data':
    '跨更新持续的马尔可夫链数；0：采样从数据开始',
  'epochs in which each machine learns, from the lowest up; 0: all learn at once':
    '每台机器学习的轮数，自最低层起；0：全部同时学习',
  'epochs in which each machine learns, from the lowest up': '每台机器学习的轮数，自最低层起',
  'what learns when the machines are done: the readouts alone, or all of it':
    '各机器学完之后由谁学习：只有读出层，或整个网络',
  'learning rate of fine-tuning, as a multiple of that of the machines; not for Adam and RMSprop':
    '微调的学习率，为各机器学习率的倍数；不适用于 Adam 与 RMSprop',
  'dreams for every example': '每个样本的梦境次数',
  'whether the decoder is the transpose of the encoder': '解码器是否为编码器的转置',
  'how examples are corrupted: not at all, units silenced, or normal noise':
    '样本的损坏方式：不损坏、单元静默，或正态噪声',
  'share of units that are silenced (below 1), or deviation of the noise':
    '静默单元的比例（小于 1），或噪声的标准差',
  'units of reconstructions: linear learns by squared error, logistic by cross-entropy':
    '重建所用的单元：线性单元按平方误差学习，逻辑斯谛单元按交叉熵学习',
  'epochs in which each area learns, from the lowest up; 0: all learn at once':
    '每个区学习的轮数，自最低层起；0：全部同时学习',

  // Keys of a config.
  'id of a rule, or the path of a file that exports one': '规则的 id，或导出规则的文件的路径',
  'see `apical rules ID`': '见 `apical rules ID` 命令',
  'a known data set, or a folder, .csv or .npz file': '已知的数据集，或文件夹、.csv 或 .npz 文件',
  'instead of a data set, a task that answers actions: a known one, or the path of a file':
    '代替数据集、对动作作出回应的环境：已知的环境，或文件的路径',
  'options of a generated data set, or of an environment': '生成的数据集或环境的选项',
  'label column of a .csv file, by name or number': '.csv 文件的标签列，以列名或序号指定',
  'learn from this many examples only': '只用这么多样本学习',
  'share of the training examples held out for validation': '留作验证的训练样本所占比例',
  'how an actor and its critic learn; only with task.environment':
    '演员与评论家如何学习；仅用于 task.environment',
  'steps of each environment an update; 0: one whole episode of each':
    '每次更新中各环境的步数；0：各取完整的一幕',
  'γ: what a reward one step later is worth': 'γ：折扣因子，即晚一步的奖励的价值',
  'λ of TD(λ): 0 trusts the critic, 1 the returns; the finer the time steps, the nearer to 1':
    'TD(λ) 的 λ：0 信任评论家，1 信任回报；时间步越细，应越接近 1',
  'what returns are compared with: what the critic expected, their mean over the update, or nothing':
    '回报的比较基准：评论家的预期、该次更新中的平均回报，或无',
  'divide the advantages of an update by their root mean square': '把一次更新的各优势除以其均方根',
  'β: a surprising action counts as better by β times −ln of its probability':
    'β：熵项系数，动作的价值另加 β 乘以其概率的 −ln，越出乎意料加得越多',
  'standard deviation of continuous actions about their mean, in halves of their range':
    '连续动作围绕均值的标准差，以其取值范围的一半为单位',
  'rewards are multiplied by this before they are learned': '奖励在学习之前所乘的系数',
  'updates an epoch; an evaluation follows each epoch': '每轮的更新次数；每轮之后评估一次',
  'default: that of the actor, with its ruleOptions': '默认：与演员的规则及其 ruleOptions 相同',
  'units of each hidden area; default: as the actor': '各隐藏区的单元数；默认：与演员相同',
  'what differs from the optimiser of the actor': '与演员的优化器的不同之处',
  'how terms change weights': '更新项如何改变权重',
  'learning rate: a number or a schedule': '学习率：一个数，或一个调度',
  'epochs over which it rises from 0': '预热：从 0 上升所用的轮数',
  'momentum, or the first decay of Adam': '动量，或 Adam 的第一衰减率',
  'decay of the mean square of RMSprop and Adam': 'RMSprop 与 Adam 均方值的衰减率',
  'added to the root mean square': '加在均方根上的小量',
  'weight decay: each update also subtracts rate × decay × weights':
    '权重衰减：每次更新另减去学习率 × 衰减 × 权重',
  "bound on the norm of a unit's incoming weights; 0 for none": '单元传入权重的范数上限；0：不限',
  'fresh episodes an evaluation': '每次评估所用的新幕数',
  'the likeliest (or mean) action, or one drawn as in learning':
    '取概率最大的（或平均的）动作，或如学习时一样抽取',
  'a feedforward stack: convolutions, if any, then dense areas': '前馈网络：先是卷积（若有），再是全连接区',
  'convolutions before the hidden areas: [{"channels": 6, "kernel": 5, "padding": 2, "pool": 2}]; also stride, pooling, shared':
    '隐藏区之前的卷积：[{"channels": 6, "kernel": 5, "padding": 2, "pool": 2}]；另有 stride、pooling、shared',
  kernels: '卷积核数',
  'side of a kernel, in pixels': '卷积核的边长，以像素计',
  'how far a kernel moves; default 1': '卷积核移动的步幅；默认 1',
  'zeros around the picture; default 0': '图像四周填充的零；默认 0',
  'false: every place has kernels of its own (locally connected)':
    'false：每个位置有自己的卷积核（局部连接）',
  'side of the pooling window after it; default 1, no pooling': '其后池化窗口的边长；默认 1，即不池化',
  'what is taken of a window; default max': '窗口中取最大值或平均值；默认 max',
  'units of each hidden area': '各隐藏区的单元数',
  'of hidden areas': '隐藏区的激活函数',
  'of the output area': '输出区的激活函数',
  'probability that a hidden unit is silenced in training': '训练中隐藏单元被静默的概率',
  'the same for the input': '训练中输入单元被静默的概率',
  'share of the possible synapses that exist': '实际存在的突触占可能总数的比例',
  "share of units that only excite, the others only inhibit (Dale's law); default: any sign":
    '只起兴奋作用的单元所占比例，其余只起抑制作用（戴尔定律）；默认：符号不限',
  'whether units have learned thresholds': '单元是否有习得的阈值',
  'default: He for ReLU, Glorot otherwise': '默认：ReLU 用 He 初始化，其余用 Glorot 初始化',
  'any network of areas and projections, instead of `network`': '由区与投射组成的任意网络，代替 `network`',
  'down, right': '向下、向右',
  'cross-entropy (for classes the default), squared-error (for values), zero-one, or a file that exports a loss (output, target) => number':
    'cross-entropy（交叉熵，分类时的默认值）、squared-error（平方误差，用于数值）、zero-one（零一损失），或导出损失 (output, target) => number 的文件',
  'a .safetensors or .npz file to start from, as `apical export` or PyTorch writes; kept with its SHA-256':
    '起始权重的 .safetensors 或 .npz 文件，由 `apical export` 或 PyTorch 写出；连同其 SHA-256 一并保存',
  'what differs by projection (or area, for its thresholds): {"hidden1→output": {"rate": 0.01}}':
    '各投射（或区，就其阈值而言）的不同之处：{"hidden1→output": {"rate": 0.01}}',
  'examples an update; of an environment, episodes that run side by side':
    '每次更新的样本数；对于环境，为并行的幕数',
  'passes through the training examples; of an environment, times control.updates':
    '遍历训练样本的次数；对于环境，每遍为 control.updates 次更新',
  'decides weights, order, dropout and everything else that is random':
    '决定权重、顺序、dropout 及其他一切随机之处',
  'steps between comparisons with the exact gradient; 0 for none':
    '相邻两次与精确梯度比较之间的步数；0：不比较',
  'examples of the fixed probe batch': '固定的探测批次的样本数',
  'a checkpoint at least so often; 0: at epochs only': '检查点的最长间隔（秒）；0：只在每轮结束时',
  'most threads of a matrix product; 0: as many as help': '矩阵乘法的最多线程数；0：取有益的数目',
  'worker threads that share the samples of a rule, exchanging only numbers':
    '分担一条规则的采样的工作线程数，彼此只交换数值',
  'whether cells rest before synapses change, or potentials and synapses change in time, with no phases':
    '突触在细胞静息之后改变，还是电位与突触都随时间改变、不分阶段',
  'β: how strongly the target pulls the somata of the output, as a conductance':
    'β：目标牵引输出区胞体的强度，以电导计',
  'g_lk: leak of every soma': 'g_lk：每个胞体的漏电导',
  'g_B: from basal dendrite to soma': 'g_B：从基底树突到胞体',
  'g_A: from apical dendrite to soma': 'g_A：从顶树突到胞体',
  'g_D: from the dendrite of an interneuron to its soma': 'g_D：从中间神经元的树突到其胞体',
  'g_SI: from a pyramidal cell above to the interneuron that answers it':
    'g_SI：从上方的锥体细胞到与之对应的中间神经元',
  'whether fixed top-down weights are random, or the transposes of the forward ones at the start':
    '固定的自上而下权重是随机的，还是开始时前向权重的转置',
  'whether interneurons cancel at the start what comes down, or have to learn to':
    '中间神经元一开始就抵消自上而下的信号，还是必须学会抵消',
  'whether interneurons learn from what they hear of the cells above, or change in step with these, as if they learned anew without a target after every update':
    '中间神经元由所听到的上层细胞的活动学习，或与上层细胞同步改变（如同每次更新后在没有目标时重新学过）',
  'noisy clamping: how often a clamped unit that ought to be on is off':
    '带噪声的钳制：本应激活的被钳制单元关闭的频率',
  'noisy clamping: how often a clamped unit that ought to be off is on':
    '带噪声的钳制：本应关闭的被钳制单元激活的频率',
  'learning rate onto interneurons that learn, as a multiple of that by which they keep pace with the cells above':
    '到中间神经元的学习率，为使其跟上上方细胞的学习率的倍数',
  'learning rate from interneurons that learn to apical dendrites, as a multiple of the forward one':
    '从中间神经元到顶树突的学习率，为前向学习率的倍数',
  'steady state: sweeps in which cells come to rest; 1 is a pass up and a pass down':
    '稳态：细胞达到静息的往返次数；1 为一次向上与一次向下',
  'continuous: how long an example is shown, in units of time (capacitance / conductance)':
    '连续：一个样本呈现多久，以时间单位（电容／电导）计',
  'continuous: step of time': '连续：时间步长',
  'continuous: time constant with which the input follows the example': '连续：输入跟随样本的时间常数',
  'continuous: steps of time from one change of the synapses to the next':
    '连续：相邻两次突触改变之间的时间步数',
  'whether cells send their rates, or Poisson spikes of those rates, evaluations included':
    '细胞发送其发放率，还是按该发放率的泊松脉冲，评估时亦然',
  'g_L: leak of every soma': 'g_L：每个胞体的漏电导',
  'g_B: from basal dendrite to soma, and g_D of the output': 'g_B：从基底树突到胞体，也是输出区的 g_D',
  'g_A: from apical dendrite to soma; 0: only plateau potentials get through':
    'g_A：从顶树突到胞体；0：只有平台电位能够通过',
  'conductance of the synapses that teach the output in the target phase': '目标阶段中教导输出区的突触的电导',
  'E_E: potential towards which the teacher draws outputs that should be on':
    'E_E：教师把应当激活的输出拉向的电位',
  'E_I: the same of those that should be off': 'E_I：应当关闭者的同一电位',
  'rate: sweeps in which cells come to rest in each phase; 1 is a pass up and a pass down':
    '发放率：每个阶段中细胞达到静息的往返次数；1 为一次向上与一次向下',
  'spiking: length of a phase, in ms': '脉冲：一个阶段的长度，毫秒',
  'spiking: end of a phase over which potentials are averaged, in ms':
    '脉冲：阶段末尾用来平均电位的时长，毫秒',
  'spiking: step of time, in ms': '脉冲：时间步长，毫秒',
  'spiking: λ_max, spikes a ms of a cell whose rate is 1': '脉冲：λ_max，发放率为 1 的细胞每毫秒的脉冲数',
  'spiking: τ_s, rise of a postsynaptic potential, in ms': '脉冲：τ_s，突触后电位的上升时间常数，毫秒',
  'spiking: τ_L, its fall, in ms': '脉冲：τ_L，其下降时间常数，毫秒',
  'before the run begins, areas learn one after the other what the area below sends':
    '运行开始之前，各脑区依次学习其下方脑区所传送的内容',
  'a stack of restricted Boltzmann machines, or one of autoencoders': '一叠受限玻尔兹曼机，或一叠自编码器',
  'see `apical rules ID`; epochsPerArea is pretraining.epochs':
    '见 `apical rules ID`；epochsPerArea 即 pretraining.epochs',
  'passes through the training examples for each area': '每个脑区遍历训练样本的次数',
  'what differs from the optimiser of the run': '与本次运行的优化器不同之处',
};
