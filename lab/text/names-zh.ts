/** What the library names, in Simplified Chinese, by its ids. A new rule, family or preset is a line here. */
export const families: Readonly<Record<string, string>> = {
  'Exact gradient': '精确梯度',
  'Feedback pathways': '反馈通路',
  'Credit from one scalar': '单一标量的功过分配',
  'Energy and equilibrium': '能量与平衡态',
  'Error as a change in time': '误差即随时间的变化',
  'Target propagation': '目标传播',
  'Dendrites and prediction errors': '树突与预测误差',
};

export const presets: Readonly<Record<string, string>> = {
  digits: 'MNIST 手写数字，小网络 784-256-128-10',
  mnist: 'MNIST 手写数字，784-800-800-10，五轮',
  'mnist-dropout': 'MNIST 手写数字，784-800-800-10，50 % dropout、最大范数与递增动量',
  microcircuit: 'MNIST 手写数字，树突微回路，784-500-500-10，十轮（Sacramento 等 2018）',
  'microcircuit-in-time': 'MNIST 手写数字五千个，连续时间的树突微回路，784-500-500-10，四轮',
  'segregated-dendrites': 'MNIST 手写数字，分隔的树突，784-500-10，二十轮（Guerguiev 等 2017）',
  fashion: 'Fashion-MNIST 服饰，784-800-800-10，十轮',
  lenet: 'MNIST 手写数字，LeNet-5：两层卷积、最大池化、120-84-10，二十轮',
  'lenet-fashion': 'Fashion-MNIST 服饰，LeNet-5，二十轮',
  equilibrium: '平衡传播学习 MNIST 手写数字，784-500-10，25 轮（Scellier 与 Bengio，2017）',
  'equilibrium-2': '同上，两个隐藏层，60 轮：单核约一个半小时',
  'equilibrium-3': '同上，三个隐藏层，500 轮：单核需一天多',
  bars: '横条或竖条，由亥姆霍兹机梦见（Hinton 等，1995）',
  'digits-without-labels': '受限玻尔兹曼机学习 MNIST 手写数字，784-500，另加读出层（Hinton，2002）',
  'linear-teacher': '线性教师，30-20-10，逐个样本学习（Lillicrap 等，2016）',
  'two-spirals': '平面上两条交缠的螺线',
  rings: '平面上的同心圆环',
  'cart-pole': '小车倒立摆，由演员与评论家平衡，4-32-2 与 4-32-1',
  pendulum: '以微弱的连续力矩甩起单摆：演员与评论家各为 3-64-1；有所改进，但未臻熟练',
  bandit: '八种情境中，四只摇臂里哪只回报最高：每幕只选一次',
};

export const rules: Readonly<Record<string, { readonly title: string; readonly summary: string }>> = {
  backprop: {
    title: '反向传播',
    summary: '误差经前向权重的转置向下传递：精确梯度。',
  },
  'recurrent-backprop': {
    title: '循环反向传播',
    summary: '网络弛豫到不动点，在该处求精确梯度：误差沿同样的耦合弛豫。',
  },
  'feedback-alignment': {
    title: '反馈对齐',
    summary: '误差经固定的随机反馈权重向下传递；前向权重逐渐与之对齐。',
  },
  'direct-feedback-alignment': {
    title: '直接反馈对齐',
    summary: '输出误差经固定的随机权重，直接送到每一个隐藏区。',
  },
  'sign-symmetry': {
    title: '符号对称',
    summary: '误差经反馈权重向下传递；反馈权重与前向权重只有符号相同，大小无关。',
  },
  'kolen-pollack': {
    title: 'Kolen–Pollack 规则',
    summary: '反馈权重与前向权重作同样的改变和同样的衰减，于是两者趋于一致。',
  },
  'weight-mirror': {
    title: '权重镜像',
    summary: '两次更新之间各区发放噪声，反馈权重由此学到前向权重的转置。',
  },
  'learned-feedback': {
    title: '习得的反馈',
    summary: '反馈对齐，但自上而下的权重会慢慢学习重建下方的活动。',
  },
  'serial-weight-perturbation': {
    title: '逐个权重扰动',
    summary: '每次只动一个突触，按损失的变化保留、反转或放弃这一改动。',
  },
  'weight-perturbation': {
    title: '权重扰动',
    summary: '同时抖动全部突触，按损失的变化强化这一抖动。',
  },
  'node-perturbation': {
    title: '节点扰动',
    summary: '抖动每个单元的输入，按损失的变化强化这一抖动。',
  },
  'forward-gradient': {
    title: '前向梯度',
    summary: '沿随机方向移动，步幅由损失在该方向上的精确导数决定，而导数随前向计算一并求得。',
  },
  reinforce: {
    title: 'REINFORCE',
    summary: '随机单元：损失低于预期时，使刚才抽到的输出更易再次出现。',
  },
  'equilibrium-propagation': {
    title: '平衡传播',
    summary: '网络先弛豫，再被轻推向目标，突触按两个局部乘积之差改变。',
  },
  recirculation: {
    title: '再循环',
    summary: '各层自编码器的突触，按活动循环一周后的变化而改变；输出层读取其编码。',
  },
  'two-pass': {
    title: '两次自上而下',
    summary: '先从预测出发自上而下，再从移向目标的预测出发自上而下，从两次的变化中学习。',
  },
  'difference-target-propagation': {
    title: '差分目标传播',
    summary: '向下传递的是目标而非误差：经习得的逆映射，并修正其未能求逆的部分。',
  },
  'simplified-target-propagation': {
    title: '简化目标传播',
    summary: '标签本身经习得的逆映射向下传递：没有梯度穿过任何一层。',
  },
  'local-difference-reconstruction': {
    title: '局部差分重建',
    summary: '一种目标传播，其反馈学习获得前向通路雅可比矩阵的转置。',
  },
  'predictive-coding': {
    title: '预测编码',
    summary: '电位在自下而上的预测与目标之间弛豫，再由突触减小余下的误差。',
  },
  'segregated-dendrites': {
    title: '分隔的树突',
    summary: '每个细胞按有教师与无教师时平台电位之差学习。',
  },
  'dendritic-microcircuit': {
    title: '树突微回路',
    summary: '中间神经元抵消自上而下的信号；它们未能预见的部分，教会基底树突。',
  },
  'zero-divergence-inference': {
    title: '零散度推断',
    summary: '一种预测编码，突触恰在误差到达时改变：与反向传播相等，只差舍入。',
  },
  generec: {
    title: '广义再循环（GeneRec）',
    summary: '突触所发送的信号，乘以输出被固定到目标时它所到达的单元的变化。',
  },
  'contrastive-hebbian': {
    title: '对比赫布学习',
    summary: '输出固定在目标上时为赫布式，放开时为反赫布式；反馈越弱，越接近反向传播。',
  },
  'vector-field-ep': {
    title: '向量场的平衡传播',
    summary: '反馈有自己的权重的平衡传播：每个突触按它所发送的信号乘以它所到达的神经元的变化而改变。',
  },
  boltzmann: {
    title: '玻尔兹曼机',
    summary: '随机神经元处于平衡态：目标被固定时为赫布式，放开时为反赫布式。',
  },
  'contrastive-divergence': {
    title: '对比散度',
    summary: '受限玻尔兹曼机学习为下方区域建模：在数据上为赫布式，在重建上为反赫布式。',
  },
  'deep-belief-net': {
    title: '深度信念网络',
    summary: '逐层学习受限玻尔兹曼机，再加读出层，并以反向传播或醒睡算法微调。',
  },
  'wake-sleep': {
    title: '醒睡算法',
    summary: '醒时，自上而下的突触学习生成所见；睡时，自下而上的突触学习识别所生成的内容。',
  },
  autoencoder: {
    title: '堆叠自编码器',
    summary: '每个区域学习由受损的副本重建其下方区域；误差最多只跨越一个投射。',
  },
};
